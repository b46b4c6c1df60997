import { encodeAbiParameters, hashTypedData, type Hex, keccak256, pad, type TypedDataDomain } from "viem";
import type { FeedContext, FeedDescription, FeedId, Reading, SensorKey } from "./types.ts";

/** EIP-712 types of what a sensor signs. */
export const READING_TYPES = {
  Reading: [
    { name: "feed", type: "bytes32" },
    { name: "round", type: "uint32" },
    { name: "observedAt", type: "uint40" },
    { name: "value", type: "int128" },
    { name: "epoch", type: "uint16" },
  ],
} as const;

const DESCRIPTION_PARAMETERS = [
  {
    type: "tuple",
    components: [
      { name: "name", type: "string" },
      { name: "unit", type: "string" },
      { name: "decimals", type: "uint8" },
      { name: "minPlausible", type: "int128" },
      { name: "maxPlausible", type: "int128" },
      { name: "heartbeat", type: "uint32" },
      { name: "deviationBps", type: "uint16" },
      { name: "historySize", type: "uint32" },
    ],
  },
] as const;

const KEY_PARAMETERS = [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }] as const;

/** The EIP-712 domain of a `SensorFeeds` deployment. */
export function feedDomain(context: Pick<FeedContext, "chainId" | "address">): TypedDataDomain {
  return {
    name: "Publica SensorFeeds",
    version: "1",
    chainId: context.chainId,
    verifyingContract: context.address,
  };
}

/** The EIP-712 message of a reading, as `signTypedData` takes it. */
export function readingTypedData(context: FeedContext, reading: Reading) {
  return {
    domain: feedDomain(context),
    types: READING_TYPES,
    primaryType: "Reading",
    message: {
      feed: context.feed,
      round: reading.round,
      observedAt: reading.observedAt,
      value: reading.value,
      epoch: context.epoch,
    },
  } as const;
}

/** The digest a sensor signs; equals the contract's `hashReading`. */
export function hashReading(context: FeedContext, reading: Reading): Hex {
  return hashTypedData(readingTypedData(context, reading));
}

/** The id of the feed so described; equals the contract's `feedIdOf`. */
export function feedIdOf(description: FeedDescription): FeedId {
  return keccak256(encodeAbiParameters(DESCRIPTION_PARAMETERS, [description]));
}

/** The digest under which a key is known, as the event `FeedSensorEjected` names it. */
export function hashSensorKey(key: SensorKey): Hex {
  return keccak256(encodeAbiParameters(KEY_PARAMETERS, [key.curve, key.x, key.y]));
}

/** The key of a secp256k1 sensor. */
export function accountKey(address: Hex): SensorKey {
  return { curve: 0, x: pad(address, { size: 32 }).toLowerCase() as Hex, y: pad("0x", { size: 32 }) };
}

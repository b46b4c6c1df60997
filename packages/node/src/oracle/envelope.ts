import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { SensorKey } from "@publica/sdk/foundation";
import { decode, encode, Tag } from "cbor2";
import { type Address, bytesToHex, concat, type Hex, hexToBytes, keccak256 } from "viem";

/**
 * A device's message: a SenML pack, signed with a standard envelope so that stock libraries can make it.
 *
 *   JSON   JWS, flattened (RFC 7515): { protected: {"alg","kid","seq"}, payload, signature }
 *   CBOR   COSE_Sign1 (RFC 9052): [ protected { 1: alg, 4: kid, "seq" }, {}, payload, signature ]
 *
 * `alg` is ES256 (P-256) or ES256K (secp256k1), both over SHA-256; `kid` is the device's id; `seq` counts its messages.
 */
export interface Envelope {
  readonly device: DeviceId;
  readonly algorithm: Algorithm;
  readonly sequence: number;
  readonly payload: Uint8Array;
  /** The bytes that are signed. */
  readonly signed: Uint8Array;
  /** `r ‖ s`. */
  readonly signature: Uint8Array;
}

export type Algorithm = "ES256" | "ES256K";

/** The last 20 bytes of the Keccak-256 of the public key's point, in hex: for secp256k1 its Ethereum address. */
export type DeviceId = Address;

/** A message that is not an envelope, and why. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
}

const COSE_ALGORITHMS = new Map<number, Algorithm>([
  [-7, "ES256"],
  [-47, "ES256K"],
]);
const COSE_SIGN1 = 18;
const DEVICE_ID = /^0x[0-9a-f]{40}$/;
const EMPTY = new Uint8Array();
/** A Buffer is a byte array with an opinion on how to be serialised; the encoder must not hear it. */
const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

export function deviceIdOf(key: SensorKey): DeviceId {
  if (key.curve === 0) return `0x${key.x.slice(-40).toLowerCase()}`;
  return `0x${keccak256(concat([key.x, key.y])).slice(-40)}`;
}

/** Reads an envelope, JSON or COSE, without believing it. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const first = bytes.find((byte) => byte > 0x20);
  return first === 0x7b ? parseJws(bytes) : parseCose(bytes);
}

function parseJws(bytes: Uint8Array): Envelope {
  let body: { protected?: unknown; payload?: unknown; signature?: unknown };
  let header: { alg?: unknown; kid?: unknown; seq?: unknown };
  try {
    body = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof body;
    header = JSON.parse(Buffer.from(String(body.protected), "base64url").toString("utf8")) as typeof header;
  } catch {
    throw new EnvelopeError("not a flattened JWS");
  }
  if (typeof body.payload !== "string" || typeof body.signature !== "string")
    throw new EnvelopeError("payload or signature is missing");
  if (header === null || (header.alg !== "ES256" && header.alg !== "ES256K"))
    throw new EnvelopeError(`algorithm ${String(header?.alg)} is not ES256 or ES256K`);
  return {
    ...identity(header.kid, header.seq),
    algorithm: header.alg,
    payload: Buffer.from(body.payload, "base64url"),
    signed: Buffer.from(`${String(body.protected)}.${body.payload}`),
    signature: Buffer.from(body.signature, "base64url"),
  };
}

function parseCose(bytes: Uint8Array): Envelope {
  let parts: unknown;
  let header: unknown;
  try {
    const value: unknown = decode(bytes);
    parts = value instanceof Tag && value.tag === COSE_SIGN1 ? value.contents : value;
    header = Array.isArray(parts) && parts[0] instanceof Uint8Array ? decode(parts[0]) : undefined;
  } catch {
    throw new EnvelopeError("neither a JWS nor COSE");
  }
  if (!Array.isArray(parts) || parts.length !== 4 || !(header instanceof Map))
    throw new EnvelopeError("not a COSE_Sign1");
  const [protectedBytes, , payload, signature] = parts as unknown[];
  if (
    !(protectedBytes instanceof Uint8Array) ||
    !(payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array)
  ) {
    throw new EnvelopeError("payload or signature is missing");
  }
  const algorithm = COSE_ALGORITHMS.get(Number(header.get(1)));
  if (algorithm === undefined)
    throw new EnvelopeError(`algorithm ${String(header.get(1))} is not ES256 (-7) or ES256K (-47)`);
  const kid = header.get(4) as unknown;
  return {
    ...identity(kid instanceof Uint8Array && kid.length === 20 ? bytesToHex(kid) : kid, header.get("seq")),
    algorithm,
    payload,
    signed: coseSigned(protectedBytes, payload),
    signature,
  };
}

function identity(kid: unknown, seq: unknown): { device: DeviceId; sequence: number } {
  const device = String(kid).toLowerCase();
  if (!DEVICE_ID.test(device)) throw new EnvelopeError(`kid ${String(kid)} is not a device id`);
  const sequence = Number(seq);
  if (!Number.isSafeInteger(sequence) || sequence < 0 || (typeof seq !== "number" && typeof seq !== "bigint"))
    throw new EnvelopeError(`seq ${String(seq)} is not a number`);
  return { device: device as DeviceId, sequence };
}

/** The Sig_structure of RFC 9052 §4.4. */
function coseSigned(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(["Signature1", plain(protectedBytes), EMPTY, plain(payload)]);
}

/** Node's form of a public key, for its native verification. */
export function publicKeyObject(algorithm: Algorithm, x: Uint8Array, y: Uint8Array): KeyObject {
  const part = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  return createPublicKey({
    key: { kty: "EC", crv: algorithm === "ES256" ? "P-256" : "secp256k1", x: part(x), y: part(y) },
    format: "jwk",
  });
}

/** Whether the envelope was signed with the key. */
export function verifyEnvelope({ signed, signature }: Envelope, key: KeyObject): boolean {
  return signature.length === 64 && verifyBytes("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
}

/**
 * The secp256k1 point that signed the envelope, if it is the one behind the envelope's device id. The chain knows such a
 * device by its address only; this is how its point is learned, once, from its first message.
 */
export function recoverPoint({ signed, signature, device }: Envelope): { x: Uint8Array; y: Uint8Array } | undefined {
  const digest = createHash("sha256").update(signed).digest();
  for (const bit of [0, 1]) {
    try {
      const point = secp256k1.Signature.fromBytes(signature, "compact").addRecoveryBit(bit).recoverPublicKey(digest);
      const bytes = point.toBytes(false).subarray(1);
      if (`0x${keccak256(bytes).slice(-40)}` === device) return { x: bytes.subarray(0, 32), y: bytes.subarray(32) };
    } catch {
      // Not a point of the curve for this bit.
    }
  }
  return undefined;
}

/** A device's private key, for simulators, tests and gateways that sign themselves. */
export interface DeviceKey {
  readonly id: DeviceId;
  readonly algorithm: Algorithm;
  readonly privateKey: Hex;
  readonly object: KeyObject;
}

export function openDeviceKey(algorithm: Algorithm, privateKey: Hex): DeviceKey {
  const curve = algorithm === "ES256" ? p256 : secp256k1;
  const point = curve.getPublicKey(hexToBytes(privateKey), false).subarray(1);
  const part = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  return {
    id: `0x${keccak256(point).slice(-40)}`,
    algorithm,
    privateKey,
    object: createPrivateKey({
      key: {
        kty: "EC",
        crv: algorithm === "ES256" ? "P-256" : "secp256k1",
        d: part(hexToBytes(privateKey)),
        x: part(point.subarray(0, 32)),
        y: part(point.subarray(32)),
      },
      format: "jwk",
    }),
  };
}

/** Signs a SenML pack as message number `sequence` of a device. */
export function sealEnvelope(
  key: DeviceKey,
  sequence: number,
  payload: Uint8Array,
  format: "json" | "cbor",
): Uint8Array {
  const sign = (data: Uint8Array): Uint8Array =>
    signBytes("sha256", data, { key: key.object, dsaEncoding: "ieee-p1363" });
  if (format === "cbor") {
    const header = encode(
      new Map<unknown, unknown>([
        [1, key.algorithm === "ES256" ? -7 : -47],
        [4, hexToBytes(key.id)],
        ["seq", sequence],
      ]),
    );
    return encode(new Tag(COSE_SIGN1, [header, new Map(), plain(payload), plain(sign(coseSigned(header, payload)))]));
  }
  const part = (data: Uint8Array | string) => Buffer.from(data).toString("base64url");
  const header = part(JSON.stringify({ alg: key.algorithm, kid: key.id, seq: sequence }));
  const body = part(payload);
  const signature = part(sign(Buffer.from(`${header}.${body}`)));
  return Buffer.from(JSON.stringify({ protected: header, payload: body, signature }));
}

import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, bytes32, check } from "./input.ts";

export interface GetDisputeParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  /** See `disputeIdOf`. */
  readonly dispute: Hex;
}

const shape = { forum: address, dispute: bytes32 };

export type GetDisputeReturnType = Awaited<ReturnType<typeof read>>;
export type GetDisputeErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetDisputeParameters) {
  check("getDispute", shape, parameters);
  const contract = { address: parameters.forum, abi: residentForumAbi, args: [parameters.dispute] } as const;
  const dispute = await readContract(client, { ...contract, functionName: "disputeOf" });
  const [decided, upheld] = await readContract(client, { ...contract, functionName: "verdictOf" });
  const drawBlock = await readContract(client, { ...contract, functionName: "drawBlockOf" });
  const [lotKnown, chosen] = await readContract(client, { ...contract, functionName: "lotOf" });
  return { ...dispute, decided, upheld, drawBlock, lotKnown, chosen };
}

/** A dispute or inspection of a repair: panel, votes, verdict, and what the lot said. */
export function getDispute(client: ReadClient, parameters: GetDisputeParameters): Promise<GetDisputeReturnType> {
  return decoded(() => read(client, parameters));
}

import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { policyBookAbi } from "../generated/abi.ts";

/** The registry that keeps the terms of a book's series. */
export function registryOf(client: ReadClient, book: Address): Promise<Address> {
  return readContract(client, { address: book, abi: policyBookAbi, functionName: "REGISTRY" });
}

/** The contract that says what follows when a series' feed is silent or lies. */
export function recourseOf(client: ReadClient, book: Address): Promise<Address> {
  return readContract(client, { address: book, abi: policyBookAbi, functionName: "RECOURSE" });
}

export type { ReadClient, WriteClient } from "./client.ts";
export { type ContractErrorEntry, decoded, decodeRevert, PublicaError, revertData } from "./errors.ts";

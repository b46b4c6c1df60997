export type { VaultCipher } from "./aead.ts";
export { type OpenVaultParameters, openVault } from "./open.ts";
export { paddedLength } from "./padding.ts";
export { type ByteStream, collect, digestOf, type SealVaultParameters, sealVault } from "./seal.ts";
export {
  type CiphertextStore,
  cidOf,
  cidOfDigest,
  digestOfCid,
  memoryStore,
  notStored,
  verifiedStore,
  verifyCid,
} from "./store.ts";

export type { VaultCipher } from "./aead.ts";
export { type AwsCredentials, type SignAwsRequestParameters, signAwsRequest } from "./awsSignature.ts";
export { type IpfsStoreErrorType, type IpfsStoreParameters, ipfsStore } from "./ipfsStore.ts";
export { type OpenVaultParameters, openVault } from "./open.ts";
export { paddedLength } from "./padding.ts";
export { type S3StoreErrorType, type S3StoreParameters, s3Store } from "./s3Store.ts";
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

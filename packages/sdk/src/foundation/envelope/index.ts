export { type OpenEnvelopeParameters, openEnvelope, type SealEnvelopeParameters, sealEnvelope } from "./envelope.ts";
export * from "./isEncryptionKeyCurrent.ts";
export {
  deriveEncryptionKey,
  type EncryptionKey,
  encryptionKeyFromSeed,
  encryptionKeyHash,
  encryptionKeyTypedData,
  generateEncryptionKey,
} from "./keys.ts";
export * from "./relayEncryptionKey.ts";
export * from "./setEncryptionKey.ts";
export type { EnvelopeSuite } from "./suite.ts";

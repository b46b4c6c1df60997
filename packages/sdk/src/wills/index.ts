export {
  checkManifest,
  formatManifest,
  type OpenWillParameters,
  openGuardianShares,
  openHeirShare,
  openingCommitment,
  openWill,
  parseManifest,
} from "./open.ts";
export { bequestArgument, bequestLeaf, bequestProof, checkPlan, fixedTotals, planArgument, planHash } from "./plan.ts";
export {
  contentKey,
  openEscrow,
  type Recipient,
  type SealWillParameters,
  type SealWillReturnType,
  sealWill,
} from "./seal.ts";
export {
  affinePoints,
  commitmentsHash,
  heirsLeaf,
  type LeafName,
  manifestProof,
  manifestRoot,
  merkleProof,
  merkleRoot,
  setupHash,
} from "./tree.ts";
export {
  acceptanceTypedData,
  type WillMessage,
  type WillTypedData,
  willDigest,
  willTypedData,
  willTypes,
} from "./typedData.ts";
export {
  type Bequest,
  type Manifest,
  manifestSchema,
  type Plan,
  type Setup,
  type WillContext,
  type WillTerms,
} from "./types.ts";

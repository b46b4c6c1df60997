export * from "./acceptWill.ts";
export { type Acceptance, heirList } from "./acceptance.ts";
export * from "./assentToPayout.ts";
export * from "./beginSettlement.ts";
export * from "./claimBequest.ts";
export * from "./claimDeath.ts";
export * from "./claimLegacy.ts";
export * from "./claimOverdue.ts";
export * from "./closeEstate.ts";
export * from "./compact.ts";
export * from "./confirmHeirLoss.ts";
export * from "./createVault.ts";
export * from "./createWill.ts";
export * from "./disputeGuardianShare.ts";
export * from "./disputeHeirShare.ts";
export * from "./extendWindow.ts";
export * from "./finaliseWill.ts";
export * from "./getClaimBond.ts";
export * from "./getCredit.ts";
export * from "./getDue.ts";
export * from "./getEntitled.ts";
export * from "./getEscrowShares.ts";
export * from "./getEstateAsset.ts";
export * from "./getEstateTimes.ts";
export * from "./getHeirLoss.ts";
export * from "./getHeirLossProposal.ts";
export * from "./getPaymentNumber.ts";
export * from "./getPublishedShares.ts";
export * from "./getSealedAt.ts";
export * from "./getShareHealth.ts";
export * from "./getStoredManifest.ts";
export * from "./getVault.ts";
export {
  type GetWillErrorType,
  type GetWillParameters,
  type GetWillReturnType,
  getWill,
  WILL_STATES,
  type WillState,
} from "./getWill.ts";
export * from "./manifest.ts";
export * from "./objectToHeirLoss.ts";
export * from "./openAsset.ts";
export * from "./openShares.ts";
export * from "./openWill.ts";
export {
  bequestArgument,
  bequestLeaf,
  bequestOf,
  bequestProof,
  checkPlan,
  fixedTotals,
  planArgument,
  planHash,
} from "./plan.ts";
export * from "./proposeHeirLoss.ts";
export * from "./proveFalseDelivery.ts";
export * from "./proveLeak.ts";
export * from "./publishEscrowShare.ts";
export * from "./publishShare.ts";
export * from "./recordGuardianHealth.ts";
export * from "./recordHeirHealth.ts";
export * from "./recordOpening.ts";
export * from "./recordWitness.ts";
export * from "./relayHeartbeats.ts";
export * from "./releasePayment.ts";
export * from "./renounceBequest.ts";
export * from "./revokeWill.ts";
export {
  contentKey,
  openEscrow,
  type Recipient,
  type SealWillErrorType,
  type SealWillParameters,
  type SealWillReturnType,
  sealWill,
} from "./sealWill.ts";
export * from "./sendHeartbeat.ts";
export * from "./supersedeWill.ts";
export * from "./sweepAsset.ts";
export * from "./sweepToken.ts";
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
export * from "./typedData.ts";
export {
  type Bequest,
  bequestSchema,
  type Manifest,
  manifestSchema,
  type Plan,
  planSchema,
  type Setup,
  termsSchema,
  type WillContext,
  type WillTerms,
} from "./types.ts";
export * from "./vetoByKey.ts";
export * from "./vetoBySignature.ts";
export * from "./vetoClaim.ts";
export * from "./withdrawAsset.ts";
export * from "./withdrawBond.ts";
export * from "./withdrawMulti.ts";
export * from "./withdrawNft.ts";

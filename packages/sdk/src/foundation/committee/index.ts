export {
  activateCommittee,
  type ActivateCommitteeErrorType,
  type ActivateCommitteeParameters,
  type ActivateCommitteeReturnType,
} from "./activateCommittee.ts";
export {
  cancelCommittee,
  type CancelCommitteeErrorType,
  type CancelCommitteeParameters,
  type CancelCommitteeReturnType,
} from "./cancelCommittee.ts";
export {
  enrolMember,
  type EnrolMemberErrorType,
  type EnrolMemberParameters,
  type EnrolMemberReturnType,
} from "./enrolMember.ts";
export {
  leaveCommittee,
  type LeaveCommitteeErrorType,
  type LeaveCommitteeParameters,
  type LeaveCommitteeReturnType,
} from "./leaveCommittee.ts";
export {
  openAttestedFeed,
  type OpenAttestedFeedErrorType,
  type OpenAttestedFeedParameters,
  type OpenAttestedFeedReturnType,
} from "./openAttestedFeed.ts";
export {
  proveContradiction,
  type ProveContradictionErrorType,
  type ProveContradictionParameters,
  type ProveContradictionReturnType,
} from "./proveContradiction.ts";
export {
  readCommittee,
  type ReadCommitteeErrorType,
  type ReadCommitteeParameters,
  type ReadCommitteeReturnType,
} from "./readCommittee.ts";
export {
  readCommitteeConfig,
  type ReadCommitteeConfigErrorType,
  type ReadCommitteeConfigParameters,
  type ReadCommitteeConfigReturnType,
} from "./readCommitteeConfig.ts";
export {
  readCommitteeMember,
  type ReadCommitteeMemberErrorType,
  type ReadCommitteeMemberParameters,
  type ReadCommitteeMemberReturnType,
} from "./readCommitteeMember.ts";
export {
  releaseBond,
  type ReleaseBondErrorType,
  type ReleaseBondParameters,
  type ReleaseBondReturnType,
} from "./releaseBond.ts";
export {
  scheduleCommittee,
  type ScheduleCommitteeErrorType,
  type ScheduleCommitteeParameters,
  type ScheduleCommitteeReturnType,
} from "./scheduleCommittee.ts";
export {
  submitAttestation,
  type SubmitAttestationErrorType,
  type SubmitAttestationParameters,
  type SubmitAttestationReturnType,
} from "./submitAttestation.ts";
export {
  withdrawCredit,
  type WithdrawCreditErrorType,
  type WithdrawCreditParameters,
  type WithdrawCreditReturnType,
} from "./withdrawCredit.ts";
export {
  combinePartials,
  type Cosigner,
  type CosigningSession,
  createCosigningSession,
  type NonceCommitment,
  verifyPartial,
} from "./cosign.ts";
export { type AggregateKey, aggregateKey, sumOfKeys } from "./keys.ts";
export { type CommitteeReport, encodeAttestation, encodeEndorsements } from "./report.ts";
export { schnorrChallenge, verifySchnorr } from "./schnorr.ts";
export { type CommitteeSigner, committeeSigner, type SigningNonce } from "./signer.ts";
export { COMMITTEE_TYPES, committeeDomain, committeeMember, hashAttestation, hashPossession } from "./typedData.ts";
export type {
  CommitteeAttestation,
  CommitteeConfig,
  CommitteeContext,
  CommitteeKey,
  CommitteeMember,
  CommitteeTerms,
  SchnorrSignature,
} from "./types.ts";

export {
  appointIssuer,
  type AppointIssuerErrorType,
  type AppointIssuerParameters,
  type AppointIssuerReturnType,
} from "./appointIssuer.ts";
export {
  cancelSignedGrants,
  type CancelSignedGrantsErrorType,
  type CancelSignedGrantsParameters,
  type CancelSignedGrantsReturnType,
} from "./cancelSignedGrants.ts";
export {
  delegateAuthority,
  type DelegateAuthorityErrorType,
  type DelegateAuthorityParameters,
  type DelegateAuthorityReturnType,
} from "./delegateAuthority.ts";
export {
  dismissAuthority,
  type DismissAuthorityErrorType,
  type DismissAuthorityParameters,
  type DismissAuthorityReturnType,
} from "./dismissAuthority.ts";
export {
  getCredential,
  type GetCredentialErrorType,
  type GetCredentialParameters,
  type GetCredentialReturnType,
} from "./getCredential.ts";
export {
  getGrantState,
  type GetGrantStateErrorType,
  type GetGrantStateParameters,
  type GetGrantStateReturnType,
} from "./getGrantState.ts";
export {
  grantCredential,
  type GrantCredentialErrorType,
  type GrantCredentialParameters,
  type GrantCredentialReturnType,
} from "./grantCredential.ts";
export {
  grantCredentialBatch,
  type GrantCredentialBatchErrorType,
  type GrantCredentialBatchParameters,
  type GrantCredentialBatchReturnType,
} from "./grantCredentialBatch.ts";
export {
  isCredentialValid,
  type IsCredentialValidErrorType,
  type IsCredentialValidParameters,
  type IsCredentialValidReturnType,
} from "./isCredentialValid.ts";
export {
  relayCredentialGrant,
  type RelayCredentialGrantErrorType,
  type RelayCredentialGrantParameters,
  type RelayCredentialGrantReturnType,
} from "./relayCredentialGrant.ts";
export {
  restoreCredential,
  type RestoreCredentialErrorType,
  type RestoreCredentialParameters,
  type RestoreCredentialReturnType,
} from "./restoreCredential.ts";
export {
  revokeCredential,
  type RevokeCredentialErrorType,
  type RevokeCredentialParameters,
  type RevokeCredentialReturnType,
} from "./revokeCredential.ts";
export {
  type CredentialGrant,
  credentialGrantTypedData,
  grantChannel,
  type GrantSigner,
  signCredentialGrant,
  type SignCredentialGrantErrorType,
  type SignCredentialGrantParameters,
  type SignCredentialGrantReturnType,
} from "./signCredentialGrant.ts";
export {
  suspendCredential,
  type SuspendCredentialErrorType,
  type SuspendCredentialParameters,
  type SuspendCredentialReturnType,
} from "./suspendCredential.ts";
export { type Credential, type CredentialType, credentialType, type GrantRequest } from "./types.ts";
export {
  withdrawAuthority,
  type WithdrawAuthorityErrorType,
  type WithdrawAuthorityParameters,
  type WithdrawAuthorityReturnType,
} from "./withdrawAuthority.ts";

export { type RandomBytes, secureRandom } from "../bytes.ts";
export { type Deal, type DealParameters, deal, type Share } from "./deal.ts";
export { type Commitment, commit, decodePoint, evaluateCommitments, ORDER, randomScalar } from "./field.ts";
export { isFalseDelivery, type SharingContext, shareDeliveryDigest, shareDeliveryTypes } from "./fraud.ts";
export { reconstruct } from "./reconstruct.ts";
export { applyRefresh, dealRefresh, type Refresh, type RefreshParameters, refreshCommitments } from "./refresh.ts";
export { committedAddress, type ShareSignature, shareAddress, shareFingerprint, signWithShare } from "./shareKey.ts";
export { corruptedShares, verifyShare } from "./verify.ts";

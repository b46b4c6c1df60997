export {
  cancelSensors,
  type CancelSensorsErrorType,
  type CancelSensorsParameters,
  type CancelSensorsReturnType,
} from "./cancelSensors.ts";
export {
  createFeed,
  type CreateFeedErrorType,
  type CreateFeedParameters,
  type CreateFeedReturnType,
} from "./createFeed.ts";
export { equivocationProof, type EquivocationProof, findEquivocation, type ReadingEvidence } from "./equivocation.ts";
export { isFeedDue, type IsFeedDueErrorType, type IsFeedDueParameters, type IsFeedDueReturnType } from "./isFeedDue.ts";
export {
  proveEquivocation,
  type ProveEquivocationErrorType,
  type ProveEquivocationParameters,
  type ProveEquivocationReturnType,
} from "./proveEquivocation.ts";
export { readFeed, type ReadFeedErrorType, type ReadFeedParameters, type ReadFeedReturnType } from "./readFeed.ts";
export {
  readFeedConfig,
  type ReadFeedConfigErrorType,
  type ReadFeedConfigParameters,
  type ReadFeedConfigReturnType,
} from "./readFeedConfig.ts";
export {
  readFeedRound,
  type ReadFeedRoundErrorType,
  type ReadFeedRoundParameters,
  type ReadFeedRoundReturnType,
} from "./readFeedRound.ts";
export {
  readFeedSensors,
  type ReadFeedSensorsErrorType,
  type ReadFeedSensorsParameters,
  type ReadFeedSensorsReturnType,
} from "./readFeedSensors.ts";
export { assembleReport, decodeReport, encodeReport, median, type Report, type ReportHead } from "./report.ts";
export {
  scheduleSensors,
  type ScheduleSensorsErrorType,
  type ScheduleSensorsParameters,
  type ScheduleSensorsReturnType,
} from "./scheduleSensors.ts";
export {
  accountSensor,
  compactSignature,
  lowSSignature,
  p256Key,
  p256Sensor,
  remoteSensor,
  type SensorSigner,
  signReading,
} from "./signers.ts";
export {
  submitReport,
  type SubmitReportErrorType,
  type SubmitReportParameters,
  type SubmitReportReturnType,
} from "./submitReport.ts";
export {
  tryReadFeed,
  type TryReadFeedErrorType,
  type TryReadFeedParameters,
  type TryReadFeedReturnType,
} from "./tryReadFeed.ts";
export {
  accountKey,
  feedDomain,
  feedIdOf,
  hashReading,
  hashSensorKey,
  READING_TYPES,
  readingTypedData,
} from "./typedData.ts";
export {
  type CurveName,
  CURVES,
  type FeedConfig,
  type FeedContext,
  type FeedDescription,
  type FeedId,
  type FeedRound,
  isSuspect,
  type Reading,
  type SensorKey,
  type SignedReading,
} from "./types.ts";
export { verifyReading } from "./verifyReading.ts";

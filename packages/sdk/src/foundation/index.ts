export * from "./credential/index.ts";
export * from "./committee/index.ts";
export type { ReadClient, WriteClient } from "./client.ts";
export { decodeRevert } from "./decodeRevert.ts";
export { addressOf, type DeployedContract, type Deployment, parseDeployment } from "./deployment.ts";
export { type ContractErrorEntry, decoded, PublicaError, revertData } from "./errors.ts";
export * from "./feed/index.ts";
export { createRandom, type Random } from "./random.ts";
export { type DailySeriesFormat, type DailyValue, parseDailySeries, SeriesError } from "./series.ts";

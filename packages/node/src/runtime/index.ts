export { duration, loadConfig, parseConfig } from "./config.ts";
export { type Database, type Migration, openDatabase } from "./database.ts";
export { bumpFees, DEFAULT_FEE_POLICY, type FeePolicy, type Fees, quoteFees } from "./fees.ts";
export { type Block, type ChainLog, createFollower, type Follower, FOLLOWER_MIGRATIONS } from "./follower.ts";
export { type HttpReply, type HttpRequest, type HttpServer, type Routes, startHttp } from "./http.ts";
export { createJournal, type Journal, JOURNAL_MIGRATIONS, type Tx, type TxRequest, type TxState } from "./journal.ts";
export {
  decryptKeystore,
  encryptKeystore,
  type KeySource,
  keySourceSchema,
  localSigner,
  type OperatorSigner,
  openSigner,
  readPrivateKey,
  remoteSigner,
} from "./keys.ts";
export { createLogger, type Logger, silentLogger } from "./log.ts";
export { type Loop, startLoop } from "./loop.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { problem, reasonOf } from "./problem.ts";
export { createRpc, type Rpc, RpcRefusal, type RpcOptions } from "./rpc.ts";
export { checkAccount, createSubmitter, type Submitter, type SubmitterAlert, type SubmitterEdge } from "./submitter.ts";

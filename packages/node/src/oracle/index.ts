export { createOracleBot, type Intake, type OracleBot, type OracleBotParameters, type PostedReport } from "./bot.ts";

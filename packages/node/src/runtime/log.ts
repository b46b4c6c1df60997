import { type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

/** Fields that may hold a secret: never written, wherever they stand in what is logged. */
const SECRET_FIELDS = ["password", "privateKey", "secret", "mnemonic", "authorization", "raw"];

/** JSON lines on standard error, so that standard output stays free for what a command prints. */
export function createLogger(level = "info", name = "publica-node"): Logger {
  return pino(
    {
      name,
      level,
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: "[hidden]" },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A logger that says nothing: for tests and for commands that print for people. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

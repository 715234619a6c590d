import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "child" | "bindings" | "isLevelEnabled">;

/** Names of fields whose value never reaches a log, wherever a careless object carries them. */
const REDACTED_FIELDS = [
  "password",
  "payload",
  "token",
  "secret",
  "data",
  "stringData",
  "userData",
  "authorization",
  "Authorization",
  "x-auth-token",
  "X-Auth-Token",
  "X-Subject-Token",
];

/** pino's redaction has no wildcard for depth, so each name is given for three levels. */
const REDACTED_PATHS = REDACTED_FIELDS.flatMap((field) =>
  ["", "*.", "*.*."].map((prefix) =>
    /^\w+$/.test(field) ? `${prefix}${field}` : `${prefix.replace(/\.$/, "")}["${field}"]`,
  ),
);

/**
 * A JSON logger on standard output. Errors are logged under `err`, with their stack. Each line is written before the call
 * returns: one that says what is about to be done is there also when the process is killed in the middle of it.
 */
export function createLogger(options: { readonly level: string; readonly destination?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: "[redacted]" },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** For what must be on record whatever level the log has: who read a secret. */
export function auditLogger(log: Logger): Logger {
  return log.child({}, { level: "info" });
}

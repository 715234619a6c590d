import { auditLogger, type Logger } from "#runtime/observe/log.ts";

/** A payload that is about to be read: who reads which, and for what. */
export interface PayloadRead {
  /** The object that caused it: `secrets.nephele.dev team-a/db-password`. */
  readonly object: string;
  /** What for: `syncTo core Secret db-password`. */
  readonly purpose: string;
  /** Keystone's ids of the project that the token is scoped to, and of the user whose it is. */
  readonly projectId: string;
  readonly userId: string;
  /** Barbican's id. */
  readonly secretId: string;
  /** As Keystone and Barbican log it. */
  readonly requestId: string;
}

/**
 * Puts it on record, whatever level the log has. Called before the request goes out, so that nothing is read without a
 * line.
 */
export function recordPayloadRead(log: Logger, read: PayloadRead): void {
  auditLogger(log).info({ audit: "payload-read", ...read }, "a secret's payload is read");
}

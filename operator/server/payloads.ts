import type { Cloud } from "#operator/api/generated/cloud.ts";

/** Which payload, on whose behalf and what for; written to the audit log before the request goes out. */
export interface PayloadRequest {
  readonly cloud: Cloud;
  /** Keystone's id of the project that the token is scoped to: a secret of another project cannot be named. */
  readonly projectId: string;
  /** The secret's id in Barbican. */
  readonly secretId: string;
  /** The object that caused it: `servers.nephele.dev team-a/web-1`. */
  readonly object: string;
  /** `file /etc/app/db-password from Secret db-password`. */
  readonly purpose: string;
  readonly reconcileId: string;
  readonly signal: AbortSignal;
}

/** Reads from Barbican what a guest is to have. Made where the program is put together. */
export interface Payloads {
  /** The payload; undefined where Barbican has no such secret (any more). Other failures are thrown. */
  read(request: PayloadRequest): Promise<Uint8Array | undefined>;
}

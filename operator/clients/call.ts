import { randomUUID } from "node:crypto";

/** What goes with each request of one piece of work (one reconcile). */
export interface Call {
  /** Ends the work: a request under way is cut and the signal's reason is thrown. */
  readonly signal?: AbortSignal;
  /** Sent as X-OpenStack-Request-ID, so that a log line of a service leads back to its cause. Made up where absent. */
  readonly requestId?: string;
}

/** A global request id in the one form that oslo.middleware accepts: `req-` and a UUID. */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}

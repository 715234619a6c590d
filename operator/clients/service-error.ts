export type ServiceName = "keystone" | "barbican";

const serviceErrorKinds = [
  "Invalid",
  "Unauthorized",
  "ScopeRefused",
  "Forbidden",
  "NotFound",
  "Conflict",
  "TooLarge",
  "Quota",
  "Throttled",
  "Unavailable",
] as const;

/** What went wrong, as a reconciler tells cases apart; README.md has the table. */
export type ServiceErrorKind = (typeof serviceErrorKinds)[number];

export interface ServiceErrorDetails {
  readonly service: ServiceName;
  readonly kind: ServiceErrorKind;
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The global request id that was sent; it stands in the service's log. */
  readonly requestId: string;
  /** The call, for people: `GET /v3/projects/{id}`. */
  readonly operation: string;
  /** What the service said. */
  readonly said: string;
}

/** A call that a service refused or did not answer. The message holds what the service said, never what was sent. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly service: ServiceName;
  readonly kind: ServiceErrorKind;
  readonly status: number;
  readonly requestId: string;
  readonly said: string;

  constructor(details: ServiceErrorDetails, options?: ErrorOptions) {
    const status = details.status === 0 ? "no answer" : String(details.status);
    super(`${details.service}: ${details.operation}: ${details.said} (${status}, ${details.requestId})`, options);
    this.service = details.service;
    this.kind = details.kind;
    this.status = details.status;
    this.requestId = details.requestId;
    this.said = details.said;
  }

  /** Whether the same call may succeed later without anybody changing what was asked. */
  get retryable(): boolean {
    return this.kind === "Unavailable" || this.kind === "Throttled";
  }
}

/** Whether an error is a ServiceError of one of these kinds. */
export function isServiceError(error: unknown, ...kinds: readonly ServiceErrorKind[]): error is ServiceError {
  return error instanceof ServiceError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** The reasons of metav1.Status that callers tell apart (apimachinery, `StatusReason`). */
export type ApiErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "Forbidden"
  | "Unauthorized"
  | "Expired"
  | "TooManyRequests"
  | "Timeout"
  | "Unreachable"
  | "Unknown";

/** An answer of the API server that is not a success, or the want of one (`Unreachable`, status 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: ApiErrorReason;
  /** How long the server asked us to stay away. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, reason: ApiErrorReason, retryAfterMs?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const REASON_OF_STATUS: Readonly<Record<number, ApiErrorReason>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  504: "Timeout",
};

/**
 * Reads a failure's body. The server's Status message names what is wrong and is kept; a body that is no Status is
 * left out, because it may be anything.
 * @param what the request in words, `apply servers.nephele.dev team-a/web-1`
 */
export function apiErrorOf(what: string, status: number, body: string, retryAfter?: string): ApiError {
  const parsed = parseStatus(body);
  const reason = parsed?.reason === "AlreadyExists" ? "AlreadyExists" : (REASON_OF_STATUS[status] ?? "Unknown");
  const message = parsed?.message ?? `the API server answered ${status}`;
  const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter);
  return new ApiError(`${what}: ${message}`, status, reason, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

function parseStatus(body: string): { readonly message?: string; readonly reason?: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return undefined;
    const { message, reason } = value as { message?: unknown; reason?: unknown };
    return {
      ...(typeof message === "string" && message !== "" ? { message } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
    };
  } catch {
    return undefined;
  }
}

export function isApiError(error: unknown, reason?: ApiErrorReason): error is ApiError {
  return error instanceof ApiError && (reason === undefined || error.reason === reason);
}

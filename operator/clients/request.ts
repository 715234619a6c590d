/** A request to a service, before it is known where the service is. */
export interface ServiceRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path with placeholders, `/v3/projects/{id}`: it names the call in errors and metrics. */
  readonly route: string;
  /** Values of the placeholders; they are encoded. */
  readonly params?: Readonly<Record<string, string>>;
  /** A name without a value is what Keystone calls a flag: `?effective`. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: { readonly bytes: Uint8Array; readonly contentType: string };
  /** What the answer's Accept asks for; JSON where nothing is said. */
  readonly accept?: string;
  /** Values that were sent and may not come back in an error's message (a password, a payload). */
  readonly sensitive?: readonly string[];
}

export interface ServiceResponse {
  /** The global request id that the request carried. */
  readonly requestId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly bytes: Uint8Array;
  /** The body as JSON; throws a ServiceError of kind Unavailable when it is none. */
  json(): unknown;
}

/** One attempt at a request, for metrics. `status` is 0 when there was no answer. */
export interface RequestObservation {
  readonly service: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** The path and query of a request, with its placeholders filled. */
export function pathOf(request: Pick<ServiceRequest, "route" | "params" | "query">): string {
  const path = request.route.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = request.params?.[name];
    // An empty value would turn a delete of one into a delete of the list.
    if (value === undefined || value === "") throw new TypeError(`${request.route}: no value for {${name}}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.append(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

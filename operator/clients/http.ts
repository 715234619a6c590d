import { Agent, type buildConnector, type Dispatcher } from "undici";
import { type Call, newRequestId } from "./call.ts";
import { type Clock, systemClock } from "./clock.ts";
import { kindOfAnswer, whatWasSaid } from "./error-answer.ts";
import type { Dial } from "./own-identity.ts";
import { pathOf, type RequestObservation, type ServiceRequest, type ServiceResponse } from "./request.ts";
import { withRetries } from "./retry.ts";
import { ServiceError, type ServiceErrorKind, type ServiceName } from "./service-error.ts";

/** Where a service is and how to speak to it. */
export interface ConnectionOptions {
  readonly service: ServiceName;
  /** Scheme, host, port and perhaps a path before the version: `https://cloud.example.org/identity`. */
  readonly baseUrl: string;
  /** PEM certificates that are trusted instead of the system's. */
  readonly ca?: string;
  /** How connections are made, instead of by the system's or those authorities. */
  readonly dial?: Dial;
  /** The longest that one attempt may take, from connecting to the last byte. */
  readonly timeoutMs?: number;
  readonly onRequest?: (observation: RequestObservation) => void;
  readonly clock?: Clock;
}

/** A connection to one service. */
export interface Connection {
  readonly service: ServiceName;
  /**
   * Sends a request and gives the answer to it if its status is below 300. Idempotent requests are repeated (retry.ts).
   * Throws ServiceError, or the reason of the call's signal when that is aborted.
   */
  send(request: ServiceRequest, call?: Call): Promise<ServiceResponse>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 15_000;

/** No answer of these services is larger; what is, is not theirs. */
const longestAnswer = 8 * 1024 * 1024;

const idempotent: readonly string[] = ["GET", "HEAD", "PUT", "DELETE"];

export function connect(options: ConnectionOptions): Connection {
  const { service, clock = systemClock, timeoutMs = defaultTimeoutMs } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, "");
  // Both services close after each answer, so pipelining gains nothing. Their sidecars do not, and are called again by what is open.
  const agent = new Agent({
    connections: 16,
    connect:
      options.dial === undefined
        ? { timeout: Math.min(timeoutMs, 5_000), ...(options.ca === undefined ? {} : { ca: options.ca }) }
        : connectorOf(options.dial),
  });

  const attempt = async (
    request: ServiceRequest,
    requestId: string,
    signal?: AbortSignal,
  ): Promise<ServiceResponse> => {
    const start = performance.now();
    let status = 0;
    try {
      const answer = await exchange(request, requestId, signal);
      status = answer.status;
      return answer.status < 300 ? answer : refuse(request, requestId, answer);
    } finally {
      const { method, route } = request;
      options.onRequest?.({ service, method, route, status, seconds: (performance.now() - start) / 1000 });
    }
  };

  const exchange = async (
    request: ServiceRequest,
    requestId: string,
    signal?: AbortSignal,
  ): Promise<ServiceResponse> => {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await agent.request({
        origin: base.origin,
        path: prefix + pathOf(request),
        method: request.method,
        headers: headersOf(request, requestId),
        // A whole buffer, never a stream: uWSGI cannot read chunked bodies, and undici sends a buffer's Content-Length.
        body: bodyOf(request),
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      return await readAnswer(request, requestId, answer);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ServiceError || error instanceof TypeError) throw error;
      const said = limit.aborted
        ? `no answer within ${timeoutMs / 1000} s`
        : `no connection or a broken one: ${reasonOf(error)}`;
      throw failure(request, requestId, 0, "Unavailable", said, error);
    }
  };

  const readAnswer = async (
    request: ServiceRequest,
    requestId: string,
    answer: Dispatcher.ResponseData,
  ): Promise<ServiceResponse> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > longestAnswer)
        throw failure(request, requestId, answer.statusCode, "Unavailable", "the answer is over 8 MiB");
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    const json = (): unknown => {
      try {
        return JSON.parse(bytes.toString("utf8"));
      } catch {
        const said = `the answer is not JSON but ${bytes.length} bytes of ${contentTypeOf(answer.headers) || "no type"}`;
        throw failure(request, requestId, answer.statusCode, "Unavailable", said);
      }
    };
    return { requestId, status: answer.statusCode, headers: answer.headers, bytes, json };
  };

  const refuse = (request: ServiceRequest, requestId: string, answer: ServiceResponse): never => {
    const said = whatWasSaid(answer.bytes, request.sensitive);
    const kind = kindOfAnswer(answer.status, said, request.method);
    const form = `${answer.bytes.length} bytes of ${contentTypeOf(answer.headers) || "no type"}`;
    throw failure(request, requestId, answer.status, kind, said ?? `it gave no reason, but ${form}`);
  };

  const failure = (
    request: ServiceRequest,
    requestId: string,
    status: number,
    kind: ServiceErrorKind,
    said: string,
    cause?: unknown,
  ): ServiceError => {
    const operation = `${request.method} ${request.route}`;
    return new ServiceError(
      { service, kind, status, requestId, operation, said },
      cause === undefined ? undefined : { cause },
    );
  };

  return {
    service,
    send: async (request, call = {}) => {
      call.signal?.throwIfAborted();
      const requestId = call.requestId ?? newRequestId();
      const once = (): Promise<ServiceResponse> => attempt(request, requestId, call.signal);
      return idempotent.includes(request.method) ? withRetries(clock, call.signal, once) : once();
    },
    close: () => agent.close(),
  };
}

function connectorOf(dial: Dial): buildConnector.connector {
  return ({ hostname, port }, done) => {
    dial({ host: hostname, port: Number(port) }).then(
      (socket) => done(null, socket),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}

function headersOf(request: ServiceRequest, requestId: string): Record<string, string> {
  const contentType = request.json === undefined ? request.body?.contentType : "application/json";
  return {
    accept: request.accept ?? "application/json",
    "x-openstack-request-id": requestId,
    "user-agent": "nephele-operator",
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...request.headers,
  };
}

function bodyOf(request: ServiceRequest): Buffer | null {
  if (request.json !== undefined) return Buffer.from(JSON.stringify(request.json));
  return request.body === undefined ? null : Buffer.from(request.body.bytes);
}

function contentTypeOf(headers: ServiceResponse["headers"]): string {
  const value = headers["content-type"];
  return typeof value === "string" ? (value.split(";")[0] ?? "") : "";
}

/** The code of a network error (ECONNREFUSED), or its message where it has none. Neither holds what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}

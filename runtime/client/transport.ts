import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { ApiError, apiErrorOf } from "./errors.ts";
import { exchange } from "./exchange.ts";

/** What happened with one request, for metrics. `code` is 0 where no answer came. */
export interface RequestObservation {
  readonly verb: string;
  readonly resource: string;
  readonly code: number;
  readonly seconds: number;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** RBAC's word for it: get, list, watch, create, patch, delete. For metrics and messages. */
  readonly verb: string;
  /** `servers.nephele.dev`, with `/status` where that is meant. */
  readonly resource: string;
  /** What the request is about, `team-a/web-1`. */
  readonly subject: string;
  readonly signal?: AbortSignal;
}

/** HTTP to the API server: deadlines, throttling, errors, observation. */
export interface Transport {
  /** The parsed body of a success. @throws ApiError */
  send(request: ApiRequest): Promise<unknown>;
  /** Parsed lines of a watch, until the server ends it. @throws ApiError */
  lines(request: ApiRequest & { readonly deadlineMs: number }): AsyncGenerator<unknown, void, undefined>;
}

/**
 * For an answer to begin, and for each next part of it; the API server ends whatever takes longer than 60 s. undici
 * counts it with one timer for all requests: an AbortSignal for each would cost a sixth of the processor time of a small one.
 */
const ANSWER_TIMEOUT_MS = 30_000;
/** A throttled request (429) was not carried out, so even a write may be sent again. */
const THROTTLE_RETRIES = 4;
/** Who is asked to wait longer than this hears of it, and puts the object back into the queue. */
const LONGEST_WAIT_MS = 10_000;
const NEWLINE = 0x0a;
/** An AbortSignal's, and undici's. */
const TIMEOUTS = ["TimeoutError", "HeadersTimeoutError", "BodyTimeoutError"];

export interface TransportOptions {
  readonly userAgent: string;
  readonly observe?: (observation: RequestObservation) => void;
  /** Asked before each attempt of a request, also one that is sent again; what it throws is the answer, and nothing is sent. */
  readonly admit?: (request: ApiRequest) => void;
}

export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { origin, pathname } = new URL(connection.server);
  const base = pathname.replace(/\/$/, "");
  const prepared = async (what: ApiRequest) => {
    const { dispatcher, headers } = await connection.current();
    const query = Object.entries(what.query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
    );
    const request = {
      origin,
      path: `${base}${what.path}${query.length === 0 ? "" : `?${query.join("&")}`}`,
      method: what.method,
      headers: headerList({
        ...headers,
        "user-agent": options.userAgent,
        accept: what.accept ?? "application/json",
        ...(what.body === undefined ? {} : { "content-type": what.contentType ?? "application/json" }),
      }),
      ...(what.body === undefined ? {} : { body: JSON.stringify(what.body) }),
    };
    return { dispatcher, request };
  };

  const attempt = async (what: ApiRequest): Promise<unknown> => {
    options.admit?.(what);
    const started = performance.now();
    const words = `${what.verb} ${what.resource} ${what.subject}`.trimEnd();
    let code = 0;
    try {
      const { dispatcher, request } = await prepared(what);
      const timeouts = { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS };
      const answer = await exchange(dispatcher, { ...request, ...timeouts }, what.signal);
      code = answer.status;
      const { text } = answer;
      if (code < 200 || code > 299) throw apiErrorOf(words, code, text, header(answer.headers["retry-after"]));
      return text === "" ? undefined : parse(words, text);
    } catch (error) {
      throw asApiError(words, error, what.signal);
    } finally {
      const { verb, resource } = what;
      options.observe?.({ verb, resource, code, seconds: (performance.now() - started) / 1000 });
    }
  };

  return {
    async send(what) {
      for (let tries = 0; ; tries += 1) {
        try {
          return await attempt(what);
        } catch (error) {
          const throttled = error instanceof ApiError && error.reason === "TooManyRequests";
          const waitMs = throttled ? (error.retryAfterMs ?? 1_000) : 0;
          if (!throttled || tries >= THROTTLE_RETRIES || waitMs > LONGEST_WAIT_MS) throw error;
          await sleep(waitMs, undefined, what.signal === undefined ? {} : { signal: what.signal });
        }
      }
    },

    async *lines(what) {
      const deadline = AbortSignal.timeout(what.deadlineMs);
      const signal = what.signal === undefined ? deadline : AbortSignal.any([deadline, what.signal]);
      const words = `${what.verb} ${what.resource} ${what.subject}`.trimEnd();
      const started = performance.now();
      let code = 0;
      try {
        const { dispatcher, request } = await prepared(what);
        const answer = await dispatcher.request({ ...request, signal });
        code = answer.statusCode;
        if (code !== 200)
          throw apiErrorOf(words, code, await answer.body.text(), header(answer.headers["retry-after"]));
        let rest: Buffer[] = [];
        for await (const chunk of answer.body as AsyncIterable<Buffer>) {
          let from = 0;
          for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
            const line =
              rest.length === 0 ? chunk.subarray(from, at) : Buffer.concat([...rest, chunk.subarray(from, at)]);
            rest = [];
            from = at + 1;
            if (line.length > 0) yield parse(words, line.toString("utf8"));
          }
          if (from < chunk.length) rest.push(chunk.subarray(from));
        }
      } catch (error) {
        throw asApiError(words, error, what.signal);
      } finally {
        const { verb, resource } = what;
        options.observe?.({ verb, resource, code, seconds: (performance.now() - started) / 1000 });
      }
    },
  };
}

/** Name and value in turn, a name again for each of its values: given a list, undici would join it by commas. */
function headerList(headers: Readonly<Record<string, string | string[]>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function parse(words: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The text may hold anything, a Secret too: it is not quoted.
    throw new ApiError(`${words}: the answer is not JSON (${text.length} characters)`, 0, "Unreachable");
  }
}

function asApiError(words: string, error: unknown, caller: AbortSignal | undefined): unknown {
  if (error instanceof ApiError) return error;
  if (caller?.aborted === true) return error;
  const timedOut = error instanceof Error && TIMEOUTS.includes(error.name);
  const why = timedOut ? "no answer in time" : error instanceof Error ? error.message : String(error);
  return new ApiError(
    `${words}: the API server cannot be reached: ${why}`,
    0,
    timedOut ? "Timeout" : "Unreachable",
    undefined,
    error,
  );
}

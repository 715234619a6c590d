import type { Dispatcher } from "undici";

/** A request whose path goes out as it is written: undici's `request` makes a `URL` of it, which takes `..` away before anybody is asked. */
export interface RawRequest extends Pick<Dispatcher.RequestOptions, "method" | "headers" | "body"> {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
}

/** How long an answer may be awaited, and its body, in milliseconds. */
const TIMEOUT_MS = 30_000;

export async function askRaw(dispatcher: Dispatcher, what: RawRequest): Promise<Dispatcher.ResponseData> {
  return await dispatcher.request({ ...what, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
}

import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * One request, and its answer when that is whole. undici's `request` makes a stream of each answer's body and then a text
 * of that stream, which takes a third of what a small exchange costs (docs/adr/0023); this takes the parts as they come.
 */
export function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal?: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    let request: Dispatcher.DispatchController | undefined;
    const abort = (): void => request?.abort(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    const parts: Buffer[] = [];
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => {
        request = controller;
        if (signal?.aborted === true) abort();
      },
      onResponseStart: (_, code, given) => {
        status = code;
        headers = given;
      },
      onResponseData: (_, part) => void parts.push(part),
      onResponseEnd: () => {
        signal?.removeEventListener("abort", abort);
        resolve({ status, headers, text: whole(parts).toString("utf8") });
      },
      onResponseError: (_, error) => {
        signal?.removeEventListener("abort", abort);
        reject(error);
      },
    });
  });
}

function whole(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

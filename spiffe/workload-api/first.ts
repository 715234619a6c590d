import type { WorkloadApi } from "./connection.ts";
import type { Codec } from "./messages.ts";

export interface FirstOptions<Response> {
  /** What is waited for, in words, for the error: "X.509 SVID". */
  readonly what: string;
  readonly onMessage: (message: Response) => void;
  readonly onProblem: ((problem: Error) => void) | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Watches a stream until `stop` comes, and resolves when its first message was taken.
 *
 * @throws Error with the last problem as its cause, when the signal comes before; the stream is ended then.
 */
export async function watchFromFirst<Response>(
  api: WorkloadApi,
  codec: Codec<object, Response>,
  { what, onMessage, onProblem, signal }: FirstOptions<Response>,
  stop: AbortController,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let last: Error | undefined;
  const give = (): void => {
    stop.abort();
    reject(new Error(`no ${what} was given: ${last?.message ?? "the Workload API has not answered"}`, { cause: last }));
  };
  api.watch(
    codec,
    {
      onMessage: (message) => {
        onMessage(message);
        resolve();
      },
      onProblem: (problem) => {
        last = problem;
        onProblem?.(problem);
      },
    },
    stop.signal,
  );
  signal?.addEventListener("abort", give, { once: true });
  if (signal?.aborted === true) give();
  await promise.finally(() => signal?.removeEventListener("abort", give));
}

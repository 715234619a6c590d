import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { workloadApiAddress } from "./address.ts";
import { backOffMs } from "./back-off.ts";
import type { Codec } from "./messages.ts";

/** How long an agent may take to answer a single request, milliseconds. */
const answerWithinMs = 10_000;

export interface Watch<Response> {
  /** Each message of the stream. What it throws is told as a problem; the stream goes on. */
  readonly onMessage: (message: Response) => void;
  /** The stream ended, or what it brought cannot be used. It is opened again. */
  readonly onProblem: (problem: Error) => void;
}

/** The Workload API of one agent, over its socket. */
export class WorkloadApi {
  readonly #address: string;

  /** @throws TypeError where nothing says where the Workload API is; see {@link workloadApiAddress}. */
  constructor(address?: string) {
    this.#address = workloadApiAddress(address);
  }

  /** Asks once. */
  ask<Request, Response>({ path, encode, decode }: Codec<Request, Response>, request: Request): Promise<Response> {
    const client = this.#connect();
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const deadline = Date.now() + answerWithinMs;
    client.makeUnaryRequest(path, encode, decode, request, header(), { deadline }, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(this.#problem(error));
    });
    return promise.finally(() => client.close());
  }

  /**
   * Keeps a stream open until the signal: one that ends is opened again, after a wait that grows while none brings
   * anything. What is refused (no identity for this workload yet) is asked for again too.
   */
  watch<Response>(
    codec: Codec<object, Response>,
    { onMessage, onProblem }: Watch<Response>,
    signal: AbortSignal,
  ): void {
    let failures = 0;
    const open = (): void => {
      if (signal.aborted) return;
      const client = this.#connect();
      const call = client.makeServerStreamRequest(codec.path, codec.encode, codec.decode, {}, header());
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
      let isOver = false;
      const over = (problem: Error): void => {
        if (isOver) return;
        isOver = true;
        signal.removeEventListener("abort", cancel);
        client.close();
        if (signal.aborted) return;
        failures += 1;
        onProblem(problem);
        const again = setTimeout(wake, backOffMs(failures));
        function wake(): void {
          signal.removeEventListener("abort", forget);
          open();
        }
        function forget(): void {
          clearTimeout(again);
        }
        signal.addEventListener("abort", forget, { once: true });
      };
      call.on("data", (message: Response) => {
        try {
          onMessage(message);
          failures = 0;
        } catch (error) {
          onProblem(error instanceof Error ? error : new Error(String(error)));
        }
      });
      call.on("error", (error) => over(this.#problem(error)));
      call.on("end", () => over(new Error(`the Workload API at ${this.#address} ended its stream`)));
    };
    open();
  }

  #connect(): Client {
    // When to try again is decided here, so a connection is not one that gRPC remembers as failed.
    return new Client(this.#address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  }

  #problem(error: (Error & { code?: number; details?: string }) | null): Error {
    const { code, details } = error ?? {};
    const said = `${code === undefined ? "" : `${status[code]}: `}${details ?? error?.message ?? "no answer"}`;
    const help =
      code === status.PERMISSION_DENIED
        ? "; it has no identity for this process: make an entry whose selectors are this process's"
        : "";
    return new Error(`the Workload API at ${this.#address}: ${said}${help}`, error === null ? {} : { cause: error });
  }
}

/** Without it an agent refuses: it shows that nobody else's request was led here (SPIFFE Workload Endpoint, 5). */
function header(): Metadata {
  const metadata = new Metadata();
  metadata.set("workload.spiffe.io", "true");
  return metadata;
}

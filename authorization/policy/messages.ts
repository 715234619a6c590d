/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  /** JSON. */
  readonly data: Uint8Array;
  readonly entrypoint: string;
  /** Of the policy's memory, in pages of 64 KiB. */
  readonly pages: { readonly initial: number; readonly maximum: number };
}

/** What came of an evaluation: OPA's result set, or why there is none. */
export type Evaluated =
  | { readonly kind: "result"; readonly resultSet: unknown }
  | { readonly kind: "failed"; readonly why: string };

/** What a worker says: first whether the policy is fit to be asked, then an answer for each input. */
export type WorkerSays = { readonly kind: "ready" } | { readonly kind: "unfit"; readonly why: string } | Evaluated;

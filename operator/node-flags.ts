/**
 * How Node runs the operator: with small halves for new objects, which V8 lets grow to 16 MiB and more: that costs a
 * program with a large cache up to a hundred megabytes of resident memory. And so that the runtime may ask for a
 * garbage collection (runtime/manager/give-back.ts). What both bring stands in docs/bench-runtime.md.
 */
export const NODE_FLAGS: readonly string[] = ["--max-semi-space-size=4", "--expose-gc"];

/**
 * How Node runs the operator: with small halves for new objects. V8 lets them grow to 16 MiB and more, which costs a
 * program with a large cache up to a hundred megabytes of resident memory (docs/bench-runtime.md).
 */
export const NODE_FLAGS: readonly string[] = ["--max-semi-space-size=4"];

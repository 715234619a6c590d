/**
 * Parts of a message that are joined only where gRPC frames it. grpc-js asks a serialized message for its length and has it
 * copy itself behind the frame's head; parts that do both spare a response the copy before that, of all its bytes for
 * each stream.
 */
export class JoinedBytes {
  readonly byteLength: number;
  readonly #parts: readonly Buffer[];

  constructor(parts: readonly Buffer[]) {
    this.#parts = parts;
    this.byteLength = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Copies all parts to a place in `target`, as Buffer.copy does. */
  copy(target: Buffer, at = 0): number {
    let end = at;
    for (const part of this.#parts) end += part.copy(target, end);
    return end - at;
  }
}

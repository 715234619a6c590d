import protobuf from "protobufjs/minimal.js";

/** Wire type of strings, bytes and messages. */
const lengthDelimited = 2;

/** A field that holds text, bytes or a message, as it stands on the wire: tag, length, content. */
export function field(number: number, content: string | Uint8Array): Buffer {
  const length = typeof content === "string" ? Buffer.byteLength(content) : content.length;
  const tag = (number << 3) | lengthDelimited;
  const isShort = tag < 0x80 && length < 0x80;
  const head = isShort ? undefined : prefix(tag, length);
  const begin = head?.length ?? 2;
  const bytes = Buffer.allocUnsafe(begin + length);
  if (head === undefined) {
    bytes[0] = tag;
    bytes[1] = length;
  } else bytes.set(head);
  if (typeof content === "string") bytes.write(content, begin);
  else bytes.set(content, begin);
  return bytes;
}

function prefix(tag: number, length: number): Buffer {
  return Buffer.from(protobuf.Writer.create().uint32(tag).uint32(length).finish());
}

/** A google.protobuf.Duration of milliseconds. */
export function duration(milliseconds: number): Buffer {
  const writer = protobuf.Writer.create();
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds > 0) writer.uint32(8).int64(seconds);
  const nanoseconds = Math.round((milliseconds - seconds * 1000) * 1e6);
  if (nanoseconds > 0) writer.uint32(16).int32(nanoseconds);
  return Buffer.from(writer.finish());
}

/**
 * Reads a message's fields one by one. What `on` does not read is skipped.
 *
 * @throws RangeError or Error when the bytes are no protobuf message.
 */
export function readFields(bytes: Uint8Array, on: (number: number, reader: protobuf.Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!on(tag >>> 3, reader)) reader.skipType(tag & 7, 0, tag >>> 3);
  }
}

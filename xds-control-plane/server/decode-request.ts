import type protobuf from "protobufjs/minimal.js";
import { readFields } from "../proto/wire.ts";
import { mostNames } from "../stream/limits.ts";
import type { DeltaRequest, ErrorDetail, Node, SotwRequest } from "../stream/messages.ts";

/**
 * Requests are read by hand. Envoy sends its node, with a list of all its extensions (tens of kilobytes), in each
 * request: only the first of a stream is read, the rest is passed over.
 */
export type Decoder<Request> = (bytes: Uint8Array) => Request;

/** @throws Error when the bytes are no DiscoveryRequest. */
export function decodeSotw(bytes: Uint8Array): SotwRequest {
  let node: Node | undefined;
  let typeUrl = "";
  let nonce = "";
  let error: ErrorDetail | undefined;
  let versionInfo = "";
  const names: string[] = [];
  readFields(bytes, (number, reader) => {
    if (number === 1) versionInfo = reader.string();
    else if (number === 2) node = lazyNode(reader.bytes());
    else if (number === 3) collect(names, reader);
    else if (number === 4) typeUrl = reader.string();
    else if (number === 5) nonce = reader.string();
    else if (number === 6) error = decodeError(reader.bytes());
    else return false;
    return true;
  });
  return { node, typeUrl, nonce, bytes: withoutNode(bytes, node), error, versionInfo, names };
}

/** @throws Error when the bytes are no DeltaDiscoveryRequest. */
export function decodeDelta(bytes: Uint8Array): DeltaRequest {
  let node: Node | undefined;
  let typeUrl = "";
  let nonce = "";
  let error: ErrorDetail | undefined;
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const initialVersions = new Map<string, string>();
  readFields(bytes, (number, reader) => {
    if (number === 1) node = lazyNode(reader.bytes());
    else if (number === 2) typeUrl = reader.string();
    else if (number === 3) collect(subscribe, reader);
    else if (number === 4) collect(unsubscribe, reader);
    else if (number === 5) readEntry(reader.bytes(), initialVersions);
    else if (number === 6) nonce = reader.string();
    else if (number === 7) error = decodeError(reader.bytes());
    else return false;
    return true;
  });
  return { node, typeUrl, nonce, bytes: withoutNode(bytes, node), error, subscribe, unsubscribe, initialVersions };
}

function withoutNode(bytes: Uint8Array, node: Node | undefined): number {
  return bytes.byteLength - (node?.encoded.byteLength ?? 0);
}

/** A node whose id and cluster are read when they are asked for. */
function lazyNode(encoded: Uint8Array): Node {
  let read: { readonly id: string; readonly cluster: string } | undefined;
  const names = (): { readonly id: string; readonly cluster: string } => {
    read ??= decodeNames(encoded);
    return read;
  };
  return {
    encoded,
    get id() {
      return names().id;
    },
    get cluster() {
      return names().cluster;
    },
  };
}

function decodeNames(encoded: Uint8Array): { readonly id: string; readonly cluster: string } {
  let [id, cluster] = ["", ""];
  readFields(encoded, (number, reader) => {
    if (number === 1) id = reader.string();
    else if (number === 2) cluster = reader.string();
    else return false;
    return true;
  });
  return { id, cluster };
}

function decodeError(bytes: Uint8Array): ErrorDetail {
  let [code, message] = [0, ""];
  readFields(bytes, (number, reader) => {
    if (number === 1) code = reader.int32();
    else if (number === 2) message = beginningOf(reader.bytes());
    else return false;
    return true;
  });
  return { code, message };
}

/** Why a client rejected something is kept until it takes another: as much as a person would read. */
const longestError = 64 * 1024;

function beginningOf(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, Math.min(text.byteLength, longestError)).toString();
}

function readEntry(bytes: Uint8Array, into: Map<string, string>): void {
  let [key, value] = ["", ""];
  readFields(bytes, (number, reader) => {
    if (number === 1) key = reader.string();
    else if (number === 2) value = reader.string();
    else return false;
    return true;
  });
  into.set(key, value);
  if (into.size > mostNames) throw new RangeError(`more than ${mostNames} initial versions in a request`);
}

function collect(names: string[], reader: protobuf.Reader): void {
  if (names.push(reader.string()) > mostNames) throw new RangeError(`more than ${mostNames} names in a request`);
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 bits: whoever has the hash alone cannot find it. */
const TOKEN_BYTES = 32;
const HASH = /^[0-9a-f]{64}$/;

/** The first part of the path of a console's URL; namespace and name of the RemoteConsole follow. */
const PATH = "remoteconsoles";

/** A token that nobody had before, as it stands in a URL. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** What is kept of a token: SHA-256, in hexadecimal digits. */
export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Whether a token is the one that was hashed. Takes the same time wherever they differ. */
export function isTokenOf(hash: string | undefined, token: string): boolean {
  if (hash === undefined || !HASH.test(hash)) return false;
  return timingSafeEqual(Buffer.from(hash, "hex"), Buffer.from(hashOf(token), "hex"));
}

/** What a console's URL names. */
export interface ConsoleAddress {
  readonly namespace: string;
  readonly name: string;
  readonly token: string;
}

/** @param origin scheme, host and port by which people reach the console proxy: `wss://consoles.example.org` */
export function consoleUrl(origin: string, { namespace, name, token }: ConsoleAddress): string {
  return `${origin}/${PATH}/${namespace}/${name}?token=${token}`;
}

/**
 * What a request asks for; undefined where it is no console's URL.
 * @param target path and query, as the request line has them
 */
export function consoleAddressOf(target: string): ConsoleAddress | undefined {
  const match = /^\/remoteconsoles\/([-a-z0-9]{1,63})\/([-a-z0-9]{1,63})\?token=([-_A-Za-z0-9]{43})$/.exec(target);
  const [, namespace, name, token] = match ?? [];
  return namespace === undefined || name === undefined || token === undefined ? undefined : { namespace, name, token };
}

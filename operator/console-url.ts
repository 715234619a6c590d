import { UsageError } from "#runtime/manager/flags.ts";

/**
 * The address by which people reach the console proxy, without a slash at its end.
 * @throws UsageError for anything but a scheme of WebSocket, a host and perhaps a port: what comes after is the proxy's own
 */
export function parseConsoleUrl(text: string): string {
  const url = /^wss?:\/\/[^/?#@\s]+\/?$/.test(text) ? URL.parse(text) : null;
  if (url === null || url.hostname === "")
    throw new UsageError(`--console-url must be wss://HOST[:PORT] or ws://HOST[:PORT], not ${text}`);
  return `${url.protocol}//${url.host}`;
}

/** The origin that a browser names when a page of the same host connects there. */
export function pageOrigin(consoleOrigin: string): string {
  return consoleOrigin.replace(/^ws/, "http");
}

import type { ServiceErrorKind } from "./service-error.ts";

/** How much of what a service says goes into a message, in characters. */
const saidLimit = 500;

/**
 * The kind of a refusal by its status and what the service said (Keystone 30, Barbican 23). `said` is undefined where the
 * body is not the service's own: then a 404 comes from something on the way that does not know the service, and must
 * never be taken for "it was deleted".
 */
export function kindOfAnswer(status: number, said: string | undefined, method: string): ServiceErrorKind {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 403:
      return said !== undefined && /quota/i.test(said) ? "Quota" : "Forbidden";
    case 404:
      return said === undefined && method !== "HEAD" ? "Unavailable" : "NotFound";
    case 409:
      return "Conflict";
    case 413:
      return "TooLarge";
    case 408:
    case 429:
      return "Throttled";
    case 400:
      // What Barbican says of a delete that its consumers prevent.
      return said !== undefined && /has consumers/i.test(said) ? "Conflict" : "Invalid";
    default:
      return status >= 400 && status < 500 ? "Invalid" : "Unavailable";
  }
}

/**
 * What the service said, out of the body of its refusal: Keystone and its middleware say `error.message`, Barbican
 * `description`. Undefined for a body in another form (a proxy's page).
 */
export function whatWasSaid(bytes: Uint8Array, sensitive: readonly string[] = []): string | undefined {
  const said = messageIn(bytes);
  // First as it was sent, then as it reads when lines are joined: a service may quote it in either form.
  return said === undefined
    ? undefined
    : redact(oneLine(redact(said, sensitive)), sensitive.map(oneLine)).slice(0, saidLimit);
}

function messageIn(bytes: Uint8Array): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
  const top = asObject(body);
  const inner = asObject(top?.["error"]);
  const said = inner?.["message"] ?? top?.["description"] ?? top?.["message"] ?? top?.["title"];
  return typeof said === "string" && said !== "" ? said : undefined;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** Barbican puts marks of HTML and line ends into some. */
function oneLine(said: string): string {
  return said
    .replace(/<br\s*\/?>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** A service may quote what it was sent; what must stay secret is taken out. */
function redact(said: string, sensitive: readonly string[]): string {
  return sensitive.filter((value) => value !== "").reduce((text, value) => text.replaceAll(value, "[removed]"), said);
}

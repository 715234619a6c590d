import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { isTokenOf } from "#operator/console-token.ts";
import { isDeleting } from "#runtime/api/object.ts";

/** Whether a token opens a console, as far as the request for it tells. What is refused is told apart in our log alone. */
export type Verdict =
  | { readonly kind: "good"; readonly request: RemoteConsole }
  | { readonly kind: "refused"; readonly why: "unknown" | "not issued" | "used" | "expired" | "wrong token" };

export function judge(request: RemoteConsole | undefined, token: string, now: Date): Verdict {
  const refused = (why: Extract<Verdict, { kind: "refused" }>["why"]): Verdict => ({ kind: "refused", why });
  if (request === undefined || isDeleting(request)) return refused("unknown");
  const { phase, usedAt, tokenHash, expiresAt } = request.status ?? {};
  if (!isTokenOf(tokenHash, token)) return refused("wrong token");
  if (usedAt !== undefined || phase === "Used") return refused("used");
  if (phase !== "Issued") return refused("not issued");
  // A time that cannot be read is over.
  if (!(Date.parse(expiresAt ?? "") > now.getTime())) return refused("expired");
  return { kind: "good", request };
}

/**
 * Whether a refusal may come of a watch that has not told all yet. An object of another token may be the former of its name.
 * Where the token is the object's own it is over, and stays so.
 */
export function mayBeBehind({ why }: Extract<Verdict, { kind: "refused" }>): boolean {
  return why === "unknown" || why === "wrong token";
}

/** Whether the Server is the one that the URL was made for, and not a later one of its name. */
export function isMeant(server: Server | undefined, { status }: RemoteConsole): boolean {
  return server !== undefined && !isDeleting(server) && server.metadata.uid === status?.serverUID;
}

/** Whether somebody who is connected may stay so; `opened` is the object by which he came in. */
export function mayStayConnected(opened: RemoteConsole, now: RemoteConsole | undefined): boolean {
  if (now === undefined || now.metadata.uid !== opened.metadata.uid || isDeleting(now)) return false;
  return now.status?.phase !== "Ended";
}

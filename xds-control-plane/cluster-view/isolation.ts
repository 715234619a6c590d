import { allows, patternOf } from "./hostnames.ts";
import type { ReadListener } from "./listeners.ts";
import type { Attachment } from "./routes.ts";

/**
 * A request belongs to the listener of its port whose host name is the most specific of those that cover the request's, and
 * no other listener's routes take it, though none of its own does: Gateway API's listener isolation.
 *
 * @param listeners the HTTP listeners of one port
 * @returns their attachments without the names that are a more specific listener's, and the names that are some listener's
 */
export function isolated(
  listeners: readonly ReadListener[],
  attachments: readonly Attachment[],
): { readonly attachments: readonly Attachment[]; readonly names: readonly string[] } {
  const names = listeners.map(({ spec }) => patternOf(spec.hostname));
  const isTaken = (own: string, name: string): boolean =>
    names.some((other) => other !== own && allows(own, other) && allows(other, name));
  return {
    attachments: attachments
      .map((each) => ({
        ...each,
        hostnames: each.hostnames.filter((name) => !isTaken(patternOf(each.listener.spec.hostname), name)),
      }))
      .filter(({ hostnames }) => hostnames.length > 0),
    // Of "*" there is nothing to keep apart.
    names: names.filter((name) => name !== "*"),
  };
}

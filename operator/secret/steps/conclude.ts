import { timeText } from "#runtime/api/time.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { POLL_MS, USER_POLL_MS } from "../periods.ts";
import { type SecretScope, set } from "../scope.ts";
import { currentOf } from "../version.ts";

/** At least this long until the next look, however near a rotation is. */
const SOONEST_MS = 1_000;

/** Says how it stands, and when the object is to be looked at again: Barbican cannot be watched. */
export async function conclude(scope: SecretScope): Promise<Outcome> {
  const { expired } = set(scope.plan, "plan");
  if (expired?.expiresAt !== undefined)
    return invalid(
      "spec.expiresAfter",
      `version ${expired.version} expired at ${timeText(expired.expiresAt)}; ${howToRenew(scope)}`,
      {
        pollAfterMs: POLL_MS,
      },
    );
  if (scope.awaited.length > 0) return waiting(scope.awaited.join("; "), { pollAfterMs: USER_POLL_MS });
  const current = currentOf(set(scope.versions, "versions"));
  const until = current?.expiresAt === undefined ? "" : `, until ${timeText(current.expiresAt)}`;
  return settled({ message: `Version ${current?.version} is in Barbican${until}`, pollAfterMs: nextLook(scope) });
}

/** The poll period, or sooner where a rotation or an expiry is nearer. */
export function nextLook(scope: Pick<SecretScope, "context" | "plan" | "versions">): number {
  const due = [scope.plan?.nextRotation, currentOf(scope.versions ?? [])?.expiresAt].flatMap((at) =>
    at === undefined ? [] : [at.getTime() - scope.context.now.getTime()],
  );
  return Math.max(SOONEST_MS, Math.min(POLL_MS, ...due));
}

function howToRenew({ secret }: SecretScope): string {
  const asked = "ask for a new version by the annotation nephele.dev/rotate-requested-at";
  if (secret.spec.source.secretKeyRef !== undefined) return `put new content into the core Secret, or ${asked}`;
  return `set spec.rotation, or ${asked}`;
}

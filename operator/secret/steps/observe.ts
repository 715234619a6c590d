import { durationMs } from "#runtime/api/duration.ts";
import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import { type Plan, plan } from "../decide.ts";
import { gather, type Marked } from "../gather.ts";
import type { ListedSecret } from "../key-manager.ts";
import { hasMac, macOf } from "../mac.ts";
import { fromMetadata, isOwnedBy, withMark } from "../mark.ts";
import { markOf } from "../marking.ts";
import { KEEP_WITHOUT_ROTATION } from "../periods.ts";
import { type SecretScope, set } from "../scope.ts";
import { newestFirst, type Version } from "../version.ts";

const ROTATE_REQUESTED = "nephele.dev/rotate-requested-at";

/**
 * Looks at Barbican and decides. At rest the list that all Secrets of the project share is enough; where it asks for
 * anything to be done, Barbican is asked again by name, and what earlier passes left is found by its marks.
 */
export async function observe(scope: SecretScope): Promise<Outcome> {
  const { spec, status, metadata } = scope.secret;
  if (spec.source.import !== undefined) return settled();
  const requested = metadata.annotations?.[ROTATE_REQUESTED];
  const requestedAt = requested === undefined ? undefined : new Date(requested);
  if (requestedAt !== undefined && Number.isNaN(requestedAt.getTime()))
    return invalid(`metadata.annotations[${ROTATE_REQUESTED}]`, "must be a time such as 2026-11-23T10:00:00Z");

  const known = status?.versions ?? [];
  if (known.length > 0 && !scope.deepCheck) {
    const { projectId, keys } = set(scope.home, "home");
    const { secrets } = await scope.listings.get(projectId, keys, scope.context.now);
    if (await look(scope, secrets, [], requestedAt)) return settled();
  }
  await lookLive(scope, requestedAt);
  return settled();
}

/** Asks Barbican itself, and takes in or clears up what earlier passes left. */
export async function lookLive(scope: SecretScope, requestedAt?: Date): Promise<void> {
  const named = await set(scope.home, "home").keys.listByName(scope.secret.metadata.name);
  const listed = new Map(named.map((secret) => [secret.id, secret]));
  const marked = await clearUp(scope, named);
  await look(scope, listed, marked, requestedAt);
}

/** Sets versions and plan. True where nothing has to be done. */
async function look(
  scope: SecretScope,
  listed: ReadonlyMap<string, ListedSecret>,
  marked: readonly Marked[],
  rotateRequestedAt: Date | undefined,
): Promise<boolean> {
  const { secret, context } = scope;
  const { versions, strays } = gather(secret.status?.versions ?? [], marked, listed, context.now);
  for (const id of strays) await set(scope.home, "home").keys.delete(id);
  const { source, rotation } = secret.spec;
  const newest = newestFirst(versions)[0];
  const compared = newest === undefined ? undefined : await compare(scope, newest);
  const decided: Plan = plan({
    now: context.now,
    source: source.secretKeyRef === undefined ? "generate" : "copy",
    versions,
    highest: secret.status?.version ?? 0,
    keep: rotation?.keep ?? KEEP_WITHOUT_ROTATION,
    ...(compared === undefined ? {} : { contentSame: compared.same }),
    ...(rotation === undefined ? {} : { rotateEveryMs: durationMs(rotation.every) }),
    ...(rotateRequestedAt === undefined ? {} : { rotateRequestedAt }),
  });
  scope.listed = listed;
  scope.plan = decided;
  const { remarked } = compared ?? {};
  scope.versions =
    remarked === undefined ? versions : versions.map((version) => (version === newest ? remarked : version));
  return decided.make === undefined && decided.complete === undefined && decided.remove.length === 0;
}

/**
 * Whether the newest version holds what the core Secret holds. Where its MAC is of another key, because the key was
 * lost, the payload itself is read once and marked anew.
 */
async function compare(
  scope: SecretScope,
  newest: Version,
): Promise<{ same: boolean; remarked?: Version } | undefined> {
  const { content, owner } = scope;
  if (content === undefined) return undefined;
  const key = await scope.deps.macKey();
  const use = `version ${newest.version}`;
  const known = hasMac(key, owner, use, content, newest.mac);
  if (known !== undefined || newest.state !== "ready") return { same: known ?? newest.state !== "empty" };
  const { keys } = set(scope.home, "home");
  const id = newest.parts.secret;
  const reason = { object: `secrets.nephele.dev ${owner.object}`, purpose: "compare with its core Secret" };
  const payload = await keys.readPayload(id, reason);
  if (payload === undefined || !payload.equals(content)) return { same: false };
  const remarked = { ...newest, mac: macOf(key, owner, use, content) };
  const values = withMark((await keys.metadata(id)) ?? {}, markOf(scope, remarked));
  if (values !== undefined) await keys.putMetadata(id, values);
  return { same: true, remarked };
}

/**
 * Reads the marks of what has this name, is of our user, and is not in the status. What was begun and never marked, so
 * without payload, is taken away.
 */
async function clearUp(scope: SecretScope, named: readonly ListedSecret[]): Promise<readonly Marked[]> {
  const { keys } = set(scope.home, "home");
  const { status, spec } = scope.secret;
  const known = (status?.versions ?? []).flatMap(({ refs }) => Object.values(refs));
  const marked: Marked[] = [];
  for (const listed of named) {
    if (listed.creatorId !== keys.userId || known.some((ref) => ref.endsWith(`/${listed.id}`))) continue;
    const metadata = await keys.metadata(listed.id);
    if (metadata === undefined) continue;
    const mark = fromMetadata(metadata);
    if (mark === undefined && !listed.hasPayload) await keys.delete(listed.id);
    // A name that was used before for another type leaves its versions alone.
    const fits = listed.type === (mark?.part === "public" ? "public" : spec.type);
    if (mark !== undefined && fits && isOwnedBy(mark, scope.owner)) marked.push({ listed, mark });
  }
  return marked;
}

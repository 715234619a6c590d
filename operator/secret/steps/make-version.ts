import { isServiceError } from "#operator/clients/service-error.ts";
import { durationMs } from "#runtime/api/duration.ts";
import { wholeSecond } from "#runtime/api/time.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { DEFAULT_ACL, sameAcl } from "../access.ts";
import type { MakeReason } from "../decide.ts";
import { macOf } from "../mac.ts";
import { toMetadata } from "../mark.ts";
import { markOf } from "../marking.ts";
import { contentTypeOf, randomPassphrase } from "../payload.ts";
import { removeVersion } from "../remove-version.ts";
import { type SecretScope, set } from "../scope.ts";
import type { Version } from "../version.ts";
import { wantedAcl } from "./ensure-access.ts";
import { orderVersion } from "./order-version.ts";

/**
 * Makes the version that the plan asks for, or ends what was begun. In Barbican this is: a secret without payload, its
 * mark, its ACL, its payload. A crash before the mark leaves something without payload, which the next pass takes
 * away; a crash after it leaves something with a mark, which the next pass ends.
 */
export async function makeVersion(scope: SecretScope): Promise<Outcome> {
  const { make, complete, replace = [] } = scope.plan ?? {};
  if (complete !== undefined) {
    await fill(scope, complete);
    keep(scope, { ...complete, state: "ready" });
    return settled();
  }
  if (make === undefined) return settled();
  for (const version of replace) await removeVersion(scope, version);
  const made =
    scope.secret.spec.source.generate?.algorithm === undefined
      ? await begin(scope, make.version)
      : await orderVersion(scope, make.version);
  if ("kind" in made) return made;
  keep(scope, made);
  scope.context.event(make.reason === "gone" ? "Warning" : "Normal", ...told(make.reason, made.version));
  return settled();
}

/** The first half and the second of a version whose payload we bring. */
async function begin(scope: SecretScope, number: number): Promise<Version> {
  const { secret, owner, content, context } = scope;
  const { keys } = set(scope.home, "home");
  const { type, expiresAfter } = secret.spec;
  const createdAt = wholeSecond(context.now);
  const expiresAt = expiresAfter === undefined ? undefined : new Date(createdAt.getTime() + durationMs(expiresAfter));
  const mac = content === undefined ? undefined : macOf(await scope.deps.macKey(), owner, `version ${number}`, content);
  const id = await keys.create({ name: secret.metadata.name, type, ...(expiresAt === undefined ? {} : { expiresAt }) });
  const version: Version = {
    version: number,
    parts: { secret: id },
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(mac === undefined ? {} : { mac }),
    state: "empty",
  };
  await keys.putMetadata(id, toMetadata(markOf(scope, version)));
  await fill(scope, version);
  return { ...version, state: "ready" };
}

/** ACL first, then the payload: what only some may read is never there for all. */
async function fill(scope: SecretScope, version: Version): Promise<void> {
  const { keys } = set(scope.home, "home");
  const { type, source } = scope.secret.spec;
  const id = version.parts.secret;
  const acl = await wantedAcl(scope);
  if (!sameAcl(acl, DEFAULT_ACL)) await keys.putAcl(id, acl);
  const bytes = scope.content ?? randomPassphrase(set(source.generate?.length, "spec.source.generate.length"));
  try {
    await keys.putPayload(id, { bytes, contentType: contentTypeOf(type) });
  } catch (error) {
    // An earlier try came through although its answer did not; its mark says that it held the same.
    if (!isServiceError(error, "Conflict")) throw error;
  }
}

function keep(scope: SecretScope, made: Version): void {
  const others = (scope.versions ?? []).filter(({ version }) => version !== made.version);
  scope.versions = [...others, made];
  scope.made.add(made.version);
}

function told(reason: MakeReason, version: number): [reason: string, message: string] {
  switch (reason) {
    case "first":
      return ["Created", `Version ${version} is in Barbican`];
    case "gone":
      return [
        "CorrectedDrift",
        `The current version was deleted in Barbican by somebody else; version ${version} is made`,
      ];
    case "changed":
      return ["ContentChanged", `The core Secret has new content; it is version ${version}`];
    case "requested":
      return ["Rotated", `Version ${version} is made as nephele.dev/rotate-requested-at asks`];
    case "rotation":
      return ["Rotated", `Version ${version} is made as spec.rotation asks`];
    default:
      return reason satisfies never;
  }
}

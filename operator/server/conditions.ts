import { QUOTA_EXCEEDED, WITHIN_QUOTA } from "#operator/amounts.ts";
import type { NewCondition } from "#runtime/api/conditions.ts";
import { FILES_ANNOTATION } from "./names.ts";
import { isLive, isUp } from "./observed.ts";
import { OUTSIDE_BOUNDARIES } from "./placement.ts";
import type { ServerScope } from "./scope.ts";

/** What a Server says beside Ready. */
export function serverConditions(scope: ServerScope): readonly NewCondition[] {
  return [...quotaCondition(scope), ...filesCondition(scope), ...restartCondition(scope), ...drainCondition(scope)];
}

/** Its neighbours are counted by this: Ready may have worse to say of a Server that was refused. */
function quotaCondition({ overQuota }: ServerScope): readonly NewCondition[] {
  if (overQuota === undefined) return [];
  const message = `It, or what it is to grow to, does not fit into the quota: ${overQuota}`;
  return [{ type: WITHIN_QUOTA, status: "False", reason: QUOTA_EXCEEDED, message }];
}

/** Whether a running guest has its files as they are now. Where there are none and it has none, there is no condition. */
function filesCondition({
  context,
  filesLooked,
  filesRevision,
  filesAwaited,
  instance,
}: ServerScope): readonly NewCondition[] {
  const { metadata, status: before } = context.object;
  if (metadata.deletionTimestamp !== undefined) return [];
  // A pass that ended before it came to them has nothing new to say.
  if (filesLooked !== true) return (before?.conditions ?? []).filter(({ type }) => type === "FilesCurrent");
  const live = instance !== undefined && isLive(instance);
  const given = live ? instance.metadata.annotations?.[FILES_ANNOTATION] : undefined;
  if (filesRevision === undefined && given === undefined && filesAwaited !== true) return [];
  const say = (status: "True" | "False", reason: string, message: string) => [
    { type: "FilesCurrent", status, reason, message },
  ];
  if (filesAwaited === true)
    return say(
      "False",
      "Awaited",
      "They cannot be had as they are to be (Ready says why): the guest has those of before",
    );
  // While it starts too: another word for each step of a start would be a write.
  if (!live || (given === filesRevision && !isUp(instance, context.now)))
    return say("True", "AtStart", "The guest gets them as they are when it starts");
  if (given === filesRevision) return say("True", "Current", "The guest was started with them as they are");
  const message =
    "A Secret or the list of files has changed: the guest gets them at its next start; reboot it to have them now";
  return say("False", "NextStart", message);
}

/** Something that KubeVirt cannot change in a running guest, where it runs among it. */
function restartCondition({ machine, instance, outside }: ServerScope): readonly NewCondition[] {
  if (outside.length > 0) {
    const where = `The guest runs on node ${instance?.status?.nodeName}, which is not within ${outside.join(", ")}`;
    const message = `${where}: reboot the Server to have it started within its boundaries`;
    return [{ type: "RestartRequired", status: "True", reason: OUTSIDE_BOUNDARIES, message }];
  }
  const required = machine?.status?.conditions?.find(
    ({ type, status }) => type === "RestartRequired" && status === "True",
  );
  if (required === undefined) return [];
  const message = "What was changed counts at the next start: reboot the Server to have it now";
  return [{ type: "RestartRequired", status: "True", reason: "Changed", message }];
}

/** What a drain of its node will do to a guest that runs, said before anybody drains it. */
function drainCondition({ context, instance }: ServerScope): readonly NewCondition[] {
  if (instance === undefined || !isUp(instance, context.now)) return [];
  const told = instance.status?.conditions?.find(({ type }) => type === "LiveMigratable");
  // One without a strategy was started before there was one here: what happens to it is the cluster's own choice.
  if (told === undefined || instance.spec?.evictionStrategy === undefined) return [];
  if (told.status === "True") {
    const message = "A drain of its node moves the guest to another while it runs";
    return [{ type: "LiveMigratable", status: "True", reason: "Migratable", message }];
  }
  const why = told.message === undefined || told.message === "" ? "" : `: ${told.message}`;
  const message = `A drain of its node shuts the guest down, and it starts again where its disk can be reached${why}`;
  return [{ type: "LiveMigratable", status: "False", reason: told.reason ?? "NotMigratable", message }];
}

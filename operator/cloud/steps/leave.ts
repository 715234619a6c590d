import { coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { shortList } from "#operator/short-list.ts";
import { isDeleting, type KubeObject, keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { selectorOf, selectorText } from "../children/metadata.ts";
import { projectsIn } from "../projects.ts";
import { configMaps, deployments, statefulSets } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { recordOf } from "./keys.ts";

export async function awaitProjects({ cache, object }: CloudScope): Promise<Outcome> {
  const names = projectsIn(object, cache.list(projects))
    .map(({ metadata }) => metadata.name)
    .sort();
  if (names.length === 0) return settled();
  return waiting(
    `${names.length === 1 ? "Project" : "Projects"} ${shortList(names)} to be deleted: they are in this Cloud`,
  );
}

/** Stops what is deployed before its finalizer goes, PostgreSQL last, so that nothing writes what is taken away next. */
export async function stopServices(scope: CloudScope): Promise<Outcome> {
  if (scope.deployment === undefined) return settled();
  const stopped = (await stop(scope, deployments)) ?? (await stop(scope, statefulSets));
  return stopped ?? settled();
}

async function stop(scope: CloudScope, resource: Resource): Promise<Outcome | undefined> {
  const { cache, kube, object } = scope;
  const running: readonly KubeObject[] = cache
    .list<KubeObject>(resource, object.metadata.namespace)
    .filter(({ metadata }) => metadata.labels?.[CLOUD_LABEL] === object.metadata.name);
  if (running.length === 0) return undefined;
  for (const workload of running.filter((each) => !isDeleting(each)))
    await kube.delete(resource, keyOf(workload), { uid: workload.metadata.uid, propagation: "Foreground" });
  return waiting(`${resource.kind} ${running.map(({ metadata }) => metadata.name).join(", ")} to stop`);
}

/** With onDelete `Delete`: the volumes, SoftHSM2's tokens among them, what Patroni kept, the keys, and last the record that they were there. */
export async function leaveNothing(scope: CloudScope): Promise<Outcome> {
  const { deployment, kube, object } = scope;
  if (deployment === undefined || object.spec.onDelete === "Retain") return settled();
  const namespace = object.metadata.namespace ?? "";
  const ofDatabase = selectorText(selectorOf(deployment, "postgresql"));
  const ofCloud = `${CLOUD_LABEL}=${object.metadata.name}`;
  const remove = async (resource: Resource, labelSelector: string): Promise<void> => {
    for (const { metadata } of await kube.list(resource, { namespace, labelSelector }))
      await kube.delete(resource, { namespace, name: metadata.name }, { uid: metadata.uid });
  };
  await remove(persistentVolumeClaims, ofDatabase);
  await remove(persistentVolumeClaims, selectorText(selectorOf(deployment, "barbican")));
  await remove(configMaps, ofDatabase);
  await remove(coreSecrets, ofCloud);
  const record = recordOf(scope);
  if (record !== undefined) await kube.delete(configMaps, keyOf(record), { uid: record.metadata.uid });
  return settled();
}

import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { statefulSets } from "#operator/cloud/resources.ts";
import type { Condition } from "#runtime/api/conditions.ts";
import type { KillBed } from "../bed.ts";
import type { Phase, Subject } from "../subject.ts";
import { isGone } from "./settled.ts";

const at = (name: string) => ({ namespace: systemNamespace, name });
const claim = (life: string) => at(`data-${life}-postgresql-0`);
const AWAITS_PODS = /StatefulSet .*-postgresql: 0 of 1 pod is ready/;

/** Its keys are held and PostgreSQL is asked for, whose pods nobody runs here. */
async function awaitsPods(bed: KillBed, life: string): Promise<boolean> {
  const { status, metadata } = (await bed.kube.get(clouds, at(life))) ?? {};
  const said = (status?.conditions as readonly Condition[] | undefined)?.find(({ type }) => type === "DatabaseReady");
  if (status?.observedGeneration !== metadata?.generation || !AWAITS_PODS.test(said?.message ?? "")) return false;
  // What Kubernetes' own controllers make of it.
  return (await bed.kube.get(persistentVolumeClaims, claim(life))) !== undefined;
}

const apply = async (bed: KillBed, life: string, onDelete: "Retain" | "Delete"): Promise<void> => {
  const spec = {
    release: "2026.2",
    ...{ identity: {}, keyManager: {}, protected: false, onDelete },
    database: { bundled: { storage: "1Gi" } },
    // Which exists, so that no pod of it is bound to a node that does not run it.
    cache: { external: { servers: ["mc:11211"] } },
  };
  const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: at(life), spec };
  await bed.kube.apply(clouds, object, { fieldOwner: "test", force: true });
};

function deleted(name: string, keeps: boolean): Phase {
  return {
    name,
    writesTo: ["kubernetes"],
    act: async (bed, life) => void (await bed.kube.delete(clouds, at(life))),
    settled: async (bed, life) => {
      const gone = await Promise.all([
        isGone(bed, clouds, at(life)),
        isGone(bed, statefulSets, at(`${life}-postgresql`)),
        isGone(bed, pods, at(`${life}-postgresql-0`)),
      ]);
      return gone.every(Boolean) && (keeps || (await isGone(bed, persistentVolumeClaims, claim(life))));
    },
  };
}

/**
 * A Cloud that is deployed, as far as it comes where no pod runs: keys and the record of them, ways through the network,
 * PostgreSQL's objects. It is deleted and keeps its keys and its volume, another of its name finds them, and is deleted with
 * all that there is. The rest of a Cloud's life is on-the-node/.
 */
export const deployedCloud: Subject = {
  name: "Cloud, deployed, before its pods run",
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes"],
      act: (bed, life) => apply(bed, life, "Retain"),
      settled: awaitsPods,
    },
    deleted("delete, retained", true),
    {
      // With the keys of before: the world tells of which phase a content is.
      name: "create again",
      writesTo: ["kubernetes"],
      act: (bed, life) => apply(bed, life, "Delete"),
      settled: awaitsPods,
    },
    deleted("delete", false),
  ],
};

import { readFileSync, statSync } from "node:fs";
import { type ClusterHandle, openCluster } from "#e2e/cluster/handle.ts";
import { operatorProcess } from "#e2e/cluster/operator.ts";
import { isAlive, processRecords } from "#e2e/cluster/process-records.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { openGuestBed } from "#e2e/scenarios/guest-bed.ts";
import { projects, secrets } from "#operator/api/resources.ts";
import type { Stage } from "./round.ts";

/** The cluster's own operator, of which it matters that it lives through everything. */
export interface OutageBed extends Stage {
  readonly cluster: ClusterHandle;
  /** Whether the operator's process is the one that ran when the bed was opened, and no other. */
  operatorLives(): boolean;
  /** Starts what ended for want of its lease, as a kubelet would: KubeVirt's controllers do not outlive theirs. */
  startTheFallen(): void;
  /** What the operator has logged since the bed was opened. */
  operatorLog(): string;
  close(): Promise<void>;
}

/** A Project with an active Image and a Secret that nobody touches: their last good status must last. */
export async function openOutageBed(): Promise<OutageBed> {
  const bed = await openGuestBed();
  const cluster = openCluster(bed.cluster.stateDir);
  const operator = processRecords(bed.cluster.stateDir).find(operatorProcess);
  if (operator === undefined) throw new Error(`no operator runs in ${bed.cluster.stateDir}: CLUSTER=control make up`);
  const logged = statSync(operator.logFile).size;
  const tenant = await bed.tenant();
  const flavor = await bed.flavor("outage");
  await tenant.activeImage("disk");
  const metadata = { namespace: tenant.name, name: "kept" };
  const spec = { type: "passphrase", source: { generate: { length: 32 } }, protected: false };
  await bed.kube.apply(
    secrets,
    { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata, spec },
    { fieldOwner: "test" },
  );
  await untilReady(bed.kube, secrets, metadata);
  const project = await untilReady(bed.kube, projects, { name: tenant.name });
  return {
    bed,
    tenant,
    flavor,
    projectId: project.status?.id ?? "",
    cluster,
    operatorLives: () => isAlive(operator),
    startTheFallen: () => {
      for (const record of processRecords(bed.cluster.stateDir).all())
        if (record.name !== operatorProcess && !isAlive(record)) openCluster(bed.cluster.stateDir).start(record.name);
    },
    operatorLog: () => readFileSync(operator.logFile).toString("utf8", logged),
    close: () => bed.close(),
  };
}

import type { CloudSpec } from "#operator/api/generated/cloud.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh } from "../fixtures.ts";
import { backupJob, drillJob, restoreDatabasesJob, restoreKeysJob } from "./backup-jobs.ts";

const spec = {
  backup: { every: "24h", keep: 7, recipients: ["age1a", "age1b"], target: { storage: "5Gi" } },
  restore: {
    from: { persistentVolumeClaim: { claimName: "nas" }, name: "20261125T100000Z" },
    identitySecretRef: { name: "identity", key: "identity" },
  },
} as const satisfies Partial<CloudSpec>;
/** Of a Cloud that has backups, and began with one. */
export const backedUp = aDeployment(spec);
/** And of one whose pods have sidecars. */
export const backedUpInTheMesh = aDeploymentInTheMesh(spec);
const s3 = {
  endpoint: "https://s3.example.org:9000",
  bucket: "clouds",
  prefix: "backups",
  region: "us-east-1",
  credentialsSecretRef: { name: "bucket" },
  caSecretRef: { name: "ca", key: "ca.crt" },
};
/** And of one whose backups are in a bucket. */
export const inBucket = aDeployment({
  backup: { ...spec.backup, recipients: ["age1a", "age1b"], target: { s3 } },
  restore: { ...spec.restore, from: { s3, name: spec.restore.from.name } },
});
const logins = {
  keystone: { role: "keystone_2", key: "keystone-2", password: "s3cr3t", generation: 2 },
  barbican: { role: "barbican", key: "barbican", password: "s3cr3t", generation: 1 },
};
const key = (name: string) => ({
  name: `default-${name}`,
  labels: { "nephele.dev/cloud": "default" },
  annotations: { "nephele.dev/key-set": "set-1" },
});

/** All Jobs of backups of such a Cloud. */
export function copies(deployment: CloudDeployment = backedUp): readonly Desired[] {
  const { backup: schedule, restore } = deployment;
  if (schedule === undefined || restore === undefined) throw new Error("this Cloud has no backups");
  return [
    backupJob(deployment, {
      schedule,
      name: "20261126T100000Z",
      request: "2026-11-26T09:59:00Z",
      before: "2026.2",
      logins,
      keySet: "set-1",
      span: { oldest: "2026.1", newest: "2026.2" },
      keys: { kek: key("kek"), barbicanUser: key("barbican-user") },
    }),
    restoreKeysJob(deployment, restore),
    restoreDatabasesJob(deployment, restore, logins),
    drillJob(deployment, restore, "2026-11-26T10:00:00Z"),
  ];
}

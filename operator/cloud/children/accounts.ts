import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { child, type Part } from "./metadata.ts";

/** PostgreSQL's pods keep in the API server who is the primary: their account comes with its rights, from the chart. */
export const POSTGRESQL_ACCOUNT = "nephele-postgresql";
/** What puts a backup's keys back makes core Secrets: its account comes with that right, from the chart. */
export const RESTORE_ACCOUNT = "nephele-restore";

/** Which ServiceAccount the pods of a part are of, and so who they are to others. */
export function accountName({ cloud }: CloudDeployment, part: Part): string {
  if (part === "postgresql") return POSTGRESQL_ACCOUNT;
  if (part === "restore") return RESTORE_ACCOUNT;
  // A drill is as nobody: it has no identity of its own to speak with.
  return partName(cloud, part === "drill" ? "backup" : part);
}

/**
 * By which account's name the pods of a part are known in the mesh. PostgreSQL's have one of all Clouds of the namespace for their
 * rights, and are told apart here: else the members of one Cloud could call those of another.
 */
export function knownAs(deployment: CloudDeployment, part: Part): string {
  return part === "postgresql" ? partName(deployment.cloud, part) : accountName(deployment, part);
}

/** The parts that run pods; those that are elsewhere are nobody here. */
export function partsOf({ database, cache, backup, restore }: CloudDeployment): readonly Part[] {
  return [
    "keystone",
    "barbican",
    "setup",
    ...(backup === undefined && restore === undefined ? [] : (["backup"] as const)),
    ...(database.kind === "bundled" ? (["postgresql"] as const) : []),
    ...(cache.bundled ? (["memcached"] as const) : []),
  ];
}

/** The ServiceAccounts of the parts that have none yet by the chart. Nothing is granted to them: they are names. */
export function serviceAccounts(deployment: CloudDeployment): readonly Desired[] {
  return partsOf(deployment)
    .filter((part) => part !== "postgresql")
    .map((part) =>
      child({
        deployment,
        part,
        apiVersion: "v1",
        kind: "ServiceAccount",
        name: accountName(deployment, part),
        content: { automountServiceAccountToken: false },
      }),
    );
}

import type { JobSpec } from "kubernetes-types/batch/v1.d.ts";
import type { PodSpec, Volume } from "kubernetes-types/core/v1.d.ts";
import { contentHash } from "#operator/api/content.ts";
import { connectionOf, partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { ASK_A_PERSON, REFUSED } from "../decide/job.ts";
import type { CloudDeployment } from "../deployment.ts";
import { secretNames } from "../names.ts";
import { versions } from "../releases.ts";
import { barbicanFiles } from "./barbican.ts";
import { keystoneFiles } from "./keystone.ts";
import { child, labelsOf, type Part } from "./metadata.ts";
import { confinedPod, image, type PlainContainer } from "./pod.ts";
import { emptyDir, FILE_MODE } from "./pod-parts.ts";
import { authorityOf, program, type Service } from "./service-config.ts";
import { SERVICE_UID } from "./web-service.ts";

/** What is done once for a content; at most 13 letters, so that names of pods are labels. */
export type Task =
  | "database"
  | "keystone-db"
  | "barbican-db"
  | "bootstrap"
  | "credentials"
  | "rewrap-kek"
  | "store-keys"
  | BackupTask;
export type BackupTask = "backup" | "restore-keys" | "restore" | "drill";

export const SCHEMA_TASKS: readonly Task[] = ["keystone-db", "barbican-db"];

export const TASK_LABEL = "nephele.dev/task";
export const SECRETS_FOLDER = "/run/secrets/nephele";
/** The user `postgres` of the image. */
export const POSTGRESQL_UID = 999;

interface JobInput {
  readonly deployment: CloudDeployment;
  readonly task: Task;
  /** Default `setup`. */
  readonly part?: Part;
  /** Default 600: how long it may take. */
  readonly deadlineSeconds?: number;
  /** Default 2: how often a pod that failed is followed by another before the Job has failed. */
  readonly backoffLimit?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** With which codes the container says that another try would end the same way. */
  readonly givesUpWith?: readonly number[];
  /** What else it depends on: another value is another Job. */
  readonly dependsOn?: string;
  readonly rest?: Partial<PodSpec>;
  readonly uid: number;
  readonly container: PlainContainer;
  readonly volumes: readonly Volume[];
}

/** What a Job depends on that is not in its spec; on its pods. */
const DEPENDS_ON = "nephele.dev/depends-on";

const failedAtOnce = (containerName: string, codes: readonly number[]): NonNullable<JobSpec["podFailurePolicy"]> => ({
  rules: [{ action: "FailJob", onExitCodes: { containerName, operator: "In", values: [...codes] } }],
});

/** A Job whose name tells its content: what has changed runs anew, and the same never runs twice. */
export function job(input: JobInput): Desired {
  const { deployment, task, uid, container, volumes, part = "setup", rest = {} } = input;
  const labels = { ...labelsOf(deployment, part), [TASK_LABEL]: task };
  const pod = confinedPod({
    deployment,
    part,
    uid,
    containers: [{ ...container, terminationMessagePolicy: "FallbackToLogsOnError" }],
    volumes: [...volumes, emptyDir("tmp")],
    rest: { restartPolicy: "Never", terminationGracePeriodSeconds: 10, ...rest },
  });
  const spec: JobSpec = {
    backoffLimit: input.backoffLimit ?? 2,
    activeDeadlineSeconds: input.deadlineSeconds ?? 600,
    ...(input.givesUpWith === undefined ? {} : { podFailurePolicy: failedAtOnce(container.name, input.givesUpWith) }),
    template: {
      metadata: {
        labels,
        ...(input.dependsOn === undefined ? {} : { annotations: { [DEPENDS_ON]: input.dependsOn } }),
      },
      spec: pod,
    },
  };
  const name = partName(deployment.cloud, `${task}-${contentHash(spec)}`);
  const desired = child({ deployment, part, apiVersion: "batch/v1", kind: "Job", name, content: { spec } });
  const annotations = { ...desired.metadata.annotations, ...input.annotations };
  return { ...desired, metadata: { ...desired.metadata, labels, annotations } };
}

/**
 * Roles, databases, and the mark that says whose keys their data is of.
 * @param logins keys of the core Secret with the passwords: each is a role that may log in, and no other may
 */
export function databaseJob(deployment: CloudDeployment, keySet: string, logins: readonly string[]): Desired {
  const { cloud, database } = deployment;
  const passwords = secretNames.database(cloud);
  const item = (key: string, path: string) => ({ key, path });
  const admin =
    database.kind === "bundled"
      ? {
          secret: { name: passwords, items: [item("postgres-user", "admin-user"), item("postgres", "admin-password")] },
        }
      : {
          secret: { name: database.admin, items: [item("username", "admin-user"), item("password", "admin-password")] },
        };
  const named = authorityOf(database);
  const authority = named === undefined ? [] : [{ secret: { name: named.name, items: [item(named.key, "ca.crt")] } }];
  const own = { secret: { name: passwords, items: logins.map((login) => item(login, login)) } };
  return job({
    deployment,
    task: "database",
    uid: POSTGRESQL_UID,
    container: {
      name: "database",
      image: image(deployment, "postgresql", versions.postgresql),
      command: ["python3", "-c", program("database.py")],
      args: [
        database.host,
        String(database.port),
        keySet,
        ...(authority.length > 0 ? [`${SECRETS_FOLDER}/ca.crt`] : []),
      ],
      volumeMounts: [
        { name: "secrets", mountPath: SECRETS_FOLDER, readOnly: true },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
    volumes: [{ name: "secrets", projected: { defaultMode: FILE_MODE, sources: [admin, own, ...authority] } }],
  });
}

interface ServiceJobInput {
  readonly task: Task;
  readonly service: Service;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly rest?: Pick<JobInput, "givesUpWith" | "dependsOn">;
}

/** A program of a service's image, with all that the service reads. */
function serviceJob(deployment: CloudDeployment, { task, service, command, args, rest }: ServiceJobInput): Desired {
  // Others must run before the tokens' volume is there.
  const inTokens = { stores: task === "store-keys" };
  const { volumes, mounts, env } =
    service === "keystone" ? { ...keystoneFiles(deployment), env: [] } : barbicanFiles(deployment, inTokens);
  return job({
    deployment,
    task,
    ...rest,
    uid: SERVICE_UID,
    container: {
      name: task,
      image: image(deployment, service, deployment.release),
      command: [...command],
      ...(args === undefined ? {} : { args: [...args] }),
      ...(env.length > 0 ? { env } : {}),
      volumeMounts: [...mounts, { name: "tmp", mountPath: "/tmp" }],
    },
    volumes,
  });
}

/**
 * Keystone's schema. `expand` adds what the release needs beside what the one before it does, so that both work; `whole`
 * takes away what only that one needed, too. Both may be repeated.
 */
export function keystoneSchemaJob(deployment: CloudDeployment, extent: "expand" | "whole"): Desired {
  const command = ["keystone-manage", "db_sync", ...(extent === "expand" ? ["--expand"] : [])];
  return serviceJob(deployment, { task: "keystone-db", service: "keystone", command });
}

/** Brings Barbican's schema to the release's. It has no halves; in the releases that are known it is the same. */
export function barbicanSchemaJob(deployment: CloudDeployment): Desired {
  return serviceJob(deployment, {
    task: "barbican-db",
    service: "barbican",
    command: ["barbican-manage", "db", "upgrade"],
  });
}

/** Encrypts Keystone's credentials by the key of a number, which is the one that is used. */
export function migrateCredentialsJob(deployment: CloudDeployment, used: number): Desired {
  return serviceJob(deployment, {
    task: "credentials",
    service: "keystone",
    command: ["python3", "-c", program("migrate_credentials.py")],
    args: [String(used)],
  });
}

/**
 * Encrypts the projects' keys in Barbican's database by the key-encryption key that is used.
 * @param keys how many there are
 * @param used the number of that one: for each it is another Job, also where as many keys are held as before
 */
export function rewrapKekJob(deployment: CloudDeployment, keys: number, used: number): Desired {
  return serviceJob(deployment, {
    task: "rewrap-kek",
    service: "barbican",
    command: ["python3", "-c", program("rewrap_kek.py")],
    args: [String(keys), String(used)],
  });
}

/**
 * Makes what the stores in PKCS#11 tokens need, and says where that is lost.
 * @param pins digests of the PINs (decide/pin-digest.ts): another is another Job
 */
export function storeKeysJob(deployment: CloudDeployment, pins: string): Desired {
  const names = deployment.keyManager.stores.pkcs11.map(({ name }) => name);
  const refused = Array.from({ length: 2 ** names.length - 1 }, (_, index) => REFUSED + index + 1);
  return serviceJob(deployment, {
    task: "store-keys",
    service: "barbican",
    command: ["python3", "-c", program("make_store_keys.py")],
    args: names,
    rest: { givesUpWith: [ASK_A_PERSON, ...refused], dependsOn: pins },
  });
}

/** The administrator, the operator's own user, the default roles, and Keystone's place in the catalog. */
export function bootstrapJob(deployment: CloudDeployment): Desired {
  const { cloud, region } = deployment;
  const { volumes, mounts } = keystoneFiles(deployment);
  const password = (name: string, path: string) => ({ secret: { name, items: [{ key: "password", path }] } });
  return job({
    deployment,
    task: "bootstrap",
    uid: SERVICE_UID,
    container: {
      name: "bootstrap",
      image: image(deployment, "keystone", deployment.release),
      command: ["python3", "-c", program("bootstrap.py")],
      args: [region, connectionOf(cloud).identity.url],
      volumeMounts: [
        ...mounts,
        { name: "passwords", mountPath: SECRETS_FOLDER, readOnly: true },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
    volumes: [
      ...volumes,
      {
        name: "passwords",
        projected: {
          defaultMode: FILE_MODE,
          sources: [
            password(secretNames.administrator(cloud), "admin"),
            password(secretNames.operator(cloud), "nephele"),
          ],
        },
      },
    ],
  });
}

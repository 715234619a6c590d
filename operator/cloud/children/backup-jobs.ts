import type { Volume, VolumeMount, VolumeProjection } from "kubernetes-types/core/v1.d.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { DatabaseLogin } from "../decide/database-logins.ts";
import type { SchemaSpan } from "../decide/release.ts";
import {
  type BackupPlace,
  type BackupSchedule,
  type CloudDeployment,
  POSTGRESQL_PORT,
  type RestoreSource,
} from "../deployment.ts";
import { type KeyName, secretNames } from "../names.ts";
import { versions } from "../releases.ts";
import { RESTORE_ACCOUNT } from "./accounts.ts";
import { type BackupTask, job, POSTGRESQL_UID, SECRETS_FOLDER } from "./jobs.ts";
import { image } from "./pod.ts";
import { FILE_MODE } from "./pod-parts.ts";
import { program, type Service } from "./service-config.ts";

/** Which backup a Job makes; on the Job. */
export const BACKUP_NAME = "nephele.dev/backup";
/** Which `requestedAt` it answers; on the Job. */
export const BACKUP_REQUEST = "nephele.dev/backup-request";

/** The release before whose upgrade it is made; on the Job. */
export const BACKUP_BEFORE = "nephele.dev/backup-before";

/** Where the volume of backups is mounted. */
const VOLUME_FOLDER = "/backups";
/** Kubelet's, of a pod that asks for it. */
const ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const SCRATCH_FOLDER = "/tmp";
/** Six hours: a backup that takes longer is stuck, or of a database that wants another way. */
const DEADLINE_SECONDS = 6 * 3600;

type Logins = Readonly<Record<Service, DatabaseLogin>>;

/** What a core Secret with keys is called and carries; the backup holds it with the values. */
export interface KeyMetadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface BackupInput {
  readonly schedule: BackupSchedule;
  /** {@link backupName} of when it was begun. */
  readonly name: string;
  readonly request: string | undefined;
  readonly before: string | undefined;
  readonly logins: Logins;
  readonly keySet: string;
  readonly span: SchemaSpan;
  readonly keys: Readonly<Partial<Record<KeyName, KeyMetadata>>>;
}

/** Writes a backup of both databases and the keys to the volume (programs/back_up.py). */
export function backupJob(deployment: CloudDeployment, input: BackupInput): Desired {
  const { schedule, name, request, before, logins, keySet, span, keys } = input;
  const held = Object.entries(keys).map(([key, { name: secretName }]) => ({
    volume: { name: `key-${key.toLowerCase()}`, secret: { secretName, defaultMode: FILE_MODE } },
    mount: { name: `key-${key.toLowerCase()}`, mountPath: `${SECRETS_FOLDER}/keys/${key}`, readOnly: true },
  }));
  return copyJob({
    deployment,
    task: "backup",
    programs: "back_up.py",
    place: schedule.place,
    plan: {
      ...databasePlan(deployment, logins),
      name,
      keep: schedule.keep,
      recipients: schedule.recipients,
      keySet,
      release: span,
      keys,
    },
    secrets: [loginsOf(deployment, logins)],
    volumes: held.map(({ volume }) => volume),
    mounts: held.map(({ mount }) => mount),
    annotations: {
      [BACKUP_NAME]: name,
      ...(request === undefined ? {} : { [BACKUP_REQUEST]: request }),
      ...(before === undefined ? {} : { [BACKUP_BEFORE]: before }),
    },
  });
}

/** Whether a backup holds such keys: all but the passwords of PostgreSQL's roles, which are made anew with them. */
export function isBackedUp(key: string): boolean {
  return key !== ("database" satisfies KeyName);
}

/** Puts a backup's keys into core Secrets (programs/restore_keys.py), by an account that may make such alone. */
export function restoreKeysJob(deployment: CloudDeployment, source: RestoreSource): Desired {
  const { cloud } = deployment;
  return copyJob({
    deployment,
    task: "restore-keys",
    programs: "restore_keys.py",
    place: source.place,
    reads: true,
    plan: {
      name: source.name,
      identity: IDENTITY_FILE,
      secretNames: Object.entries(secretNames).flatMap(([key, nameOf]) => (isBackedUp(key) ? [nameOf(cloud)] : [])),
      account: ACCOUNT_FOLDER,
    },
    secrets: [identityOf(source)],
  });
}

/** Fills the databases, which are there and empty, out of a backup (programs/restore_databases.py). */
export function restoreDatabasesJob(deployment: CloudDeployment, source: RestoreSource, logins: Logins): Desired {
  return copyJob({
    deployment,
    task: "restore",
    programs: "restore_databases.py",
    place: source.place,
    reads: true,
    plan: { ...databasePlan(deployment, logins), name: source.name, identity: IDENTITY_FILE },
    secrets: [loginsOf(deployment, logins), identityOf(source)],
  });
}

/** Restores a backup in its own pod, beside a PostgreSQL that is there for it alone (programs/drill.py). */
export function drillJob(
  deployment: CloudDeployment,
  { name, place, identity }: RestoreSource,
  requestedAt: string,
): Desired {
  return copyJob({
    deployment,
    task: "drill",
    programs: "drill.py",
    place,
    reads: true,
    plan: {
      name,
      // So that each request is a Job of its own.
      requestedAt,
      identity: IDENTITY_FILE,
      scratch: SERVER_FOLDER,
      host: SERVER_FOLDER,
      port: POSTGRESQL_PORT,
      logins: { keystone: { role: "keystone" }, barbican: { role: "barbican" } },
    },
    secrets: [identityOf({ identity })],
    // On the node's disk: databases may be larger than memory.
    volumes: [{ name: "server", emptyDir: {} }],
    mounts: [{ name: "server", mountPath: SERVER_FOLDER }],
  });
}

const SERVER_FOLDER = "/run/drill";
const GIVEN_FOLDER = "given";
const BUCKET_FOLDER = "bucket";
const IDENTITY_FILE = `${GIVEN_FOLDER}/identity`;

interface CopyInput {
  readonly deployment: CloudDeployment;
  readonly task: BackupTask;
  readonly programs: string;
  readonly place: BackupPlace;
  /** Whether it writes nothing there. */
  readonly reads?: boolean;
  readonly plan: Readonly<Record<string, unknown>>;
  readonly secrets: readonly VolumeProjection[];
  readonly volumes?: readonly Volume[];
  readonly mounts?: readonly VolumeMount[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Kept {
  readonly programs: readonly string[];
  readonly plan: Readonly<Record<string, unknown>>;
  readonly volume: Volume;
  readonly mount: VolumeMount;
  readonly secrets: readonly Volume[];
  readonly secretMounts: readonly VolumeMount[];
}

/** How a Job comes to where backups are: their volume, or one for a copy of what is in a bucket (programs/bucket.py). */
function keptAt(place: BackupPlace, reads: boolean): Kept {
  const named = { name: "backups" };
  const mount = { ...named, mountPath: VOLUME_FOLDER };
  if (place.kind === "claim") {
    const readOnly = reads ? { readOnly: true } : {};
    const volume = { ...named, persistentVolumeClaim: { claimName: place.name, ...readOnly } };
    return { programs: [], plan: {}, volume, mount: { ...mount, ...readOnly }, secrets: [], secretMounts: [] };
  }
  const { endpoint, bucket, prefix, region, credentials, authority } = place;
  const keys = ["accessKeyId", "secretAccessKey"];
  const sources: VolumeProjection[] = [
    { secret: { name: credentials, items: keys.map((key) => ({ key, path: key })) } },
    ...(authority === undefined
      ? []
      : [{ secret: { name: authority.name, items: [{ key: authority.key, path: "ca.crt" }] } }]),
  ];
  const ca = authority === undefined ? {} : { authority: `${BUCKET_FOLDER}/ca.crt` };
  return {
    programs: ["bucket.py"],
    plan: { bucket: { endpoint, bucket, prefix, region, ...ca } },
    volume: { ...named, emptyDir: {} },
    mount,
    secrets: [{ name: BUCKET_FOLDER, projected: { defaultMode: FILE_MODE, sources } }],
    secretMounts: [{ name: BUCKET_FOLDER, mountPath: `${SECRETS_FOLDER}/${BUCKET_FOLDER}`, readOnly: true }],
  };
}

/** By which a NetworkPolicy tells them apart. */
const PARTS = { backup: "backup", restore: "backup", "restore-keys": "restore", drill: "drill" } as const;

function copyJob(input: CopyInput): Desired {
  const {
    deployment,
    task,
    programs,
    place,
    reads = false,
    plan,
    secrets,
    volumes = [],
    mounts = [],
    annotations = {},
  } = input;
  const kept = keptAt(place, reads);
  const { cloud, platform } = deployment;
  const common = {
    cloud: cloud.metadata.name,
    namespace: cloud.metadata.namespace ?? "",
    installation: platform.installationId,
    volume: VOLUME_FOLDER,
    secrets: SECRETS_FOLDER,
    scratch: SCRATCH_FOLDER,
    said: "/dev/termination-log",
  };
  return job({
    deployment,
    task,
    part: PARTS[task],
    uid: POSTGRESQL_UID,
    // What failed is tried again by us, later; and a person sees what that one pod said.
    backoffLimit: 0,
    deadlineSeconds: DEADLINE_SECONDS,
    annotations,
    container: {
      name: task,
      image: image(deployment, "postgresql", versions.postgresql),
      command: ["python3", "-c", program("backups.py", ...kept.programs, programs)],
      args: [JSON.stringify({ ...common, ...kept.plan, ...plan })],
      resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "512Mi" } },
      volumeMounts: [
        kept.mount,
        { name: "given", mountPath: `${SECRETS_FOLDER}/${GIVEN_FOLDER}`, readOnly: true },
        ...kept.secretMounts,
        ...mounts,
        { name: "tmp", mountPath: SCRATCH_FOLDER },
      ],
    },
    volumes: [
      kept.volume,
      { name: "given", projected: { defaultMode: FILE_MODE, sources: [...secrets] } },
      ...kept.secrets,
      ...volumes,
    ],
    ...(task === "restore-keys"
      ? { rest: { serviceAccountName: RESTORE_ACCOUNT, automountServiceAccountToken: true } }
      : {}),
  });
}

function databasePlan({ database }: CloudDeployment, logins: Logins): Readonly<Record<string, unknown>> {
  const named = Object.entries(logins).map(([name, { role, key }]) => [name, { role, file: `${GIVEN_FOLDER}/${key}` }]);
  return { host: database.host, port: database.port, logins: Object.fromEntries(named) };
}

function loginsOf({ cloud }: CloudDeployment, logins: Logins): VolumeProjection {
  const items = Object.values(logins).map(({ key }) => ({ key, path: key }));
  return { secret: { name: secretNames.database(cloud), items } };
}

function identityOf({ identity: { name, key } }: Pick<RestoreSource, "identity">): VolumeProjection {
  return { secret: { name, items: [{ key, path: "identity" }] } };
}

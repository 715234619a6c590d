import { merge, type RuleCase } from "../../testing/rule-case.ts";
import { bundled, DURATION, deploying, NO_SIZE, outside } from "./deployed.ts";

/** Backup and restore of a bundled database. */

const RECIPIENTS = ["q", "p"].map((letter) => `age1${letter.repeat(58)}`);
const OF_BUNDLED =
  "backup and restore are of a bundled database: an external one is backed up by whoever runs it, and the keys with it";
const VOLUME = "is of a database's volume or of SPIRE's: backups are in one of their own";
const RESTORE_GIVEN = "restore can be given only when the Cloud is made: nothing is restored over what is there";

const backup = (more: Readonly<Record<string, unknown>> = {}) => ({
  backup: { recipients: RECIPIENTS, target: { storage: "1Gi" }, ...more },
});
const restore = (name: string) => ({
  restore: {
    from: { persistentVolumeClaim: { claimName: "backups" }, name },
    identitySecretRef: { name: "identity" },
  },
});
const bucket = (more: Readonly<Record<string, unknown>> = {}) => ({
  s3: { endpoint: "https://s3.example.org", bucket: "clouds", credentialsSecretRef: { name: "bucket" }, ...more },
});
const from = (claimName: string) => ({ restore: { from: { persistentVolumeClaim: { claimName } } } });

export const backupCases: readonly RuleCase[] = [
  {
    says: "a backup of an external database",
    fault: deploying({ database: outside, ...backup() }),
    control: deploying({ database: bundled, ...backup() }),
    at: "spec",
    refusedWith: OF_BUNDLED,
  },
  {
    says: "a backup of services that exist",
    fault: { spec: backup() },
    control: deploying(backup()),
    at: "spec",
    refusedWith: OF_BUNDLED,
  },
  {
    says: "a backup to one recipient",
    fault: deploying(backup({ recipients: RECIPIENTS.slice(1) })),
    control: deploying(backup()),
    at: "spec.backup.recipients",
    refusedWith: "should have at least 2 items",
  },
  {
    says: "a backup to a recipient that is a private key",
    fault: deploying(backup({ recipients: [...RECIPIENTS, `AGE-SECRET-KEY-1${"Q".repeat(46)}`] })),
    control: deploying(backup()),
    at: "spec.backup.recipients[2]",
    refusedWith: "should match",
  },
  {
    says: "a backup each minute",
    fault: deploying(backup({ every: "1m" })),
    control: deploying(backup({ every: "1h" })),
    at: "spec.backup.every",
    refusedWith: DURATION("1h", "8760h"),
  },
  {
    says: "a backup to two targets",
    fault: deploying(backup({ target: { storage: "1Gi", persistentVolumeClaim: { claimName: "nas" } } })),
    control: deploying(backup({ target: { persistentVolumeClaim: { claimName: "nas" } } })),
    at: "spec.backup.target",
    refusedWith: "exactly one of persistentVolumeClaim, storage and s3 must be given",
  },
  {
    says: "a backup to a volume and to a bucket",
    fault: deploying(backup({ target: { storage: "1Gi", ...bucket() } })),
    control: deploying(backup({ target: bucket() })),
    at: "spec.backup.target",
    refusedWith: "exactly one of persistentVolumeClaim, storage and s3 must be given",
  },
  {
    says: "a backup to nowhere",
    fault: deploying(backup({ target: {} })),
    control: deploying(backup({ target: bucket({ prefix: "backups/of" }) })),
    at: "spec.backup.target",
    refusedWith: "exactly one of persistentVolumeClaim, storage and s3 must be given",
  },
  {
    says: "a bucket's server by an address with a path",
    fault: deploying(backup({ target: bucket({ endpoint: "https://s3.example.org/clouds" }) })),
    control: deploying(backup({ target: bucket({ endpoint: "https://s3.example.org:9000" }) })),
    at: "spec.backup.target.s3.endpoint",
    refusedWith: "should match '^https?://",
  },
  {
    says: "a bucket's server at a port that there is not",
    fault: deploying(backup({ target: bucket({ endpoint: "https://s3.example.org:65536" }) })),
    control: deploying(backup({ target: bucket({ endpoint: "https://s3.example.org:65535" }) })),
    at: "spec.backup.target.s3.endpoint",
    refusedWith: "should match '^https?://",
  },
  {
    says: "a bucket's server at port 0",
    fault: deploying(backup({ target: bucket({ endpoint: "https://s3.example.org:0" }) })),
    control: deploying(backup({ target: bucket({ endpoint: "https://[fd00::1]:9000" }) })),
    at: "spec.backup.target.s3.endpoint",
    refusedWith: "should match '^https?://",
  },
  {
    says: "a restore from a server by an address that is none of http",
    fault: deploying(
      merge(restore("20261126T073000Z"), {
        restore: { from: { persistentVolumeClaim: null, ...bucket({ endpoint: "s3://s3.example.org" }) } },
      }),
    ),
    control: deploying(
      merge(restore("20261126T073000Z"), {
        restore: { from: { persistentVolumeClaim: null, ...bucket({ endpoint: "http://s3.example.org" }) } },
      }),
    ),
    at: "spec.restore.from.s3.endpoint",
    refusedWith: "should match '^https?://",
  },
  {
    says: "a restore from a volume and from a bucket",
    fault: deploying(merge(restore("20261126T073000Z"), { restore: { from: bucket() } })),
    control: deploying(
      merge(restore("20261126T073000Z"), { restore: { from: { persistentVolumeClaim: null, ...bucket() } } }),
    ),
    at: "spec.restore.from",
    refusedWith: "exactly one of persistentVolumeClaim and s3 must be given",
  },
  {
    says: "a volume of no size for backups",
    fault: deploying(backup({ target: { storage: "0" } })),
    control: deploying(backup()),
    at: "spec.backup.target.storage",
    refusedWith: NO_SIZE,
  },
  {
    says: "backups in the volume of a database",
    fault: deploying(backup({ target: { persistentVolumeClaim: { claimName: "data-default-postgresql-0" } } })),
    control: deploying(backup({ target: { persistentVolumeClaim: { claimName: "data-of-backups-0" } } })),
    at: "spec.backup.target.persistentVolumeClaim.claimName",
    refusedWith: VOLUME,
  },
  {
    says: "a restore from SPIRE's volume",
    fault: deploying(merge(restore("20261126T073000Z"), from("data-nephele-spire-server-0"))),
    control: deploying(restore("20261126T073000Z")),
    at: "spec.restore.from.persistentVolumeClaim.claimName",
    refusedWith: VOLUME,
  },
  {
    says: "a restore over a Cloud that is there",
    before: deploying({}),
    fault: { spec: restore("20261126T073000Z") },
    at: "",
    refusedWith: RESTORE_GIVEN,
  },
  {
    says: "a restore over a Cloud in which another one was begun",
    before: deploying({}),
    status: { restore: { name: "20261126T073000Z" } },
    fault: { spec: restore("20261127T073000Z") },
    control: { spec: restore("20261126T073000Z") },
    at: "",
    refusedWith: RESTORE_GIVEN,
  },
  {
    says: "a restore that was begun, and is not done, is taken out",
    before: deploying(restore("20261126T073000Z")),
    status: { restore: { name: "20261126T073000Z" } },
    fault: { spec: { restore: null } },
    at: "",
    refusedWith: "restore is not done, and half a restore is nothing: it may be taken out when it is done",
  },
  {
    says: "a restore that is done is changed, but not taken out",
    before: deploying(restore("20261126T073000Z")),
    status: { restore: { name: "20261126T073000Z", completedAt: "2026-11-26T08:00:00Z" } },
    fault: { spec: restore("20261127T073000Z") },
    control: { spec: { restore: null } },
    at: "spec.restore",
    refusedWith: "restore cannot be changed",
  },
  {
    says: "a restore of another backup",
    before: deploying(restore("20261126T073000Z")),
    fault: { spec: restore("20261127T073000Z") },
    control: { spec: { restore: null } },
    at: "spec.restore",
    refusedWith: "restore cannot be changed: it is done once. It may be taken out when it is done",
  },
];

import { merge, type RuleTable } from "../testing/rule-case.ts";

const NAME = "metadata.name must be a DNS label of at most 40 characters that begins with a letter";
const URL = "must be an address that begins with http:// or https://, names a host and holds no user or password";

const BOTH = "identity and keyManager are either both external or both deployed";
const DURATION = (from: string, to: string): string =>
  `must be a duration from ${from} to ${to}, in hours, minutes and seconds`;
const SOURCE =
  "must be http://, https:// or docker://, a host in lower case (or *. and a domain), and a path that ends with a slash: https://images.example.org/";
const sources = (...beginnings: readonly string[]) => ({ spec: { images: { sources: beginnings } } });
const CHOICE = "exactly one of bundled and external must be given";

/** The base's services, deployed. */
const deployed = { identity: { external: null }, keyManager: { external: null }, release: "2026.2" };
/** A deployed Cloud with more in its spec. */
const deploying = (spec: Readonly<Record<string, unknown>>) => ({ spec: merge(deployed, spec) });
const bundled = { bundled: { instances: 1, storage: "1Gi" } };
const outside = { external: { host: "db.example.org", adminSecretRef: { name: "pg" } } };

const identity = (url: string) => ({ spec: { identity: { external: { url } } } });
const keyManager = (url: string) => ({ spec: { keyManager: { external: { url } } } });

const RECIPIENTS = ["q", "p"].map((letter) => `age1${letter.repeat(58)}`);
const BACKUP_OF_BUNDLED =
  "backup and restore are of a bundled database: an external one is backed up by whoever runs it, and the keys with it";
const backup = (more: Readonly<Record<string, unknown>> = {}) => ({
  backup: { recipients: RECIPIENTS, target: { storage: "1Gi" }, ...more },
});
const restore = (name: string) => ({
  restore: {
    from: { persistentVolumeClaim: { claimName: "backups" }, name },
    identitySecretRef: { name: "identity" },
  },
});

const gateway = (...hostnames: readonly string[]) => ({
  hostnames: hostnames.length === 0 ? ["cloud.example.org"] : hostnames,
  certificateSecretRef: { name: "cloud-tls" },
});
const from = (claimName: string) => ({ restore: { from: { persistentVolumeClaim: { claimName } } } });
const RESTORE_GIVEN = "restore can be given only when the Cloud is made: nothing is restored over what is there";
const VOLUME = "is of a database's volume or of SPIRE's: backups are in one of their own";

export const cloudRules: RuleTable = {
  kind: "Cloud",
  plural: "clouds",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "rule" },
    spec: {
      identity: { external: { url: "https://keystone.example.org/v3", credentialsSecretRef: { name: "admin" } } },
      keyManager: { external: { url: "http://127.0.0.1:9311" } },
      protected: false,
    },
  },
  cases: [
    { says: "a name of 65 characters", fault: { metadata: { name: "a".repeat(65) } }, at: "", refusedWith: NAME },
    {
      says: "a name of 41 characters",
      fault: { metadata: { name: "a".repeat(41) } },
      control: { metadata: { name: "a".repeat(40) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name that begins with a digit", fault: { metadata: { name: "1-cloud" } }, at: "", refusedWith: NAME },
    {
      says: "Keystone by another protocol",
      fault: identity("ftp://keystone.example.org"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    {
      says: "Keystone without a host",
      fault: identity("https:///v3"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    {
      says: "a password in Keystone's address",
      fault: identity("https://me:pw@keystone.example.org"),
      at: "spec.identity.external.url",
      refusedWith: URL,
    },
    { says: "Barbican by a path", fault: keyManager("/v1"), at: "spec.keyManager.external.url", refusedWith: URL },
    {
      says: "Barbican by words",
      fault: keyManager("the usual one"),
      at: "spec.keyManager.external.url",
      refusedWith: URL,
    },
    {
      says: "Keystone deployed beside a Barbican that exists",
      fault: { spec: { identity: { external: null }, release: "2026.2" } },
      control: deploying({}),
      at: "spec",
      refusedWith: BOTH,
    },
    {
      says: "services that exist become deployed ones",
      before: {},
      fault: deploying({}),
      at: "spec",
      refusedWith: "a Cloud that is deployed cannot become external, nor the other way round: make another Cloud",
    },
    {
      says: "no release of deployed services",
      fault: deploying({ release: null }),
      control: deploying({}),
      at: "spec",
      refusedWith: "release is needed where the services are deployed",
    },
    {
      says: "a release of services that exist",
      fault: { spec: { release: "2026.2" } },
      at: "spec",
      refusedWith: "release, database and cache are of services that are deployed, and these are external",
    },
    {
      says: "a contraction of services that exist",
      fault: { spec: { contract: "Manual" } },
      at: "spec",
      refusedWith: "contract is of services that are deployed, and these are external",
    },
    {
      says: "passwords of services that exist",
      fault: { spec: { passwords: {} } },
      at: "spec",
      refusedWith: "passwords are of services that are deployed, and these are external",
    },
    {
      says: "an edge of services that exist",
      fault: { spec: { gateway: gateway() } },
      control: deploying({ gateway: gateway() }),
      at: "spec",
      refusedWith: "gateway is of services that are deployed, and these are external",
    },
    {
      says: "an edge by one name twice",
      fault: deploying({ gateway: gateway("cloud.example.org", "cloud.example.org") }),
      control: deploying({ gateway: gateway("cloud.example.org", "keys.example.org") }),
      at: "spec.gateway.hostnames",
      refusedWith: "each name can be given once",
    },
    ...["10.0.0.1", "*.example.org", "Cloud.example.org", "-cloud.example.org"].map((name) => ({
      says: `an edge by the name ${name}`,
      fault: deploying({ gateway: gateway(name) }),
      control: deploying({ gateway: gateway("cloud") }),
      at: "spec.gateway.hostnames[0]",
      refusedWith: "must be a DNS name in lower case, and no address: cloud.example.org",
    })),
    {
      says: "passwords that rotate every minute",
      fault: deploying({ passwords: { rotateEvery: "1m" } }),
      control: deploying({ passwords: { rotateEvery: "1h" } }),
      at: "spec.passwords.rotateEvery",
      refusedWith: DURATION("1h", "8760h"),
    },
    {
      says: "a database that comes later",
      before: deploying({}),
      fault: { spec: { database: bundled } },
      at: "spec",
      refusedWith: "database can be given only when the Cloud is made: the data would stay in the other one",
    },
    {
      says: "replicas of a Keystone that exists",
      fault: { spec: { identity: { replicas: 2 } } },
      at: "spec.identity",
      refusedWith: "replicas, tokens and keys are of a Keystone that is deployed, and this one is external",
    },
    {
      says: "stores of a Barbican that exists",
      fault: { spec: { keyManager: { stores: [{ name: "software", type: "SimpleCrypto" }] } } },
      at: "spec.keyManager",
      refusedWith: "replicas and stores are of a Barbican that is deployed, and this one is external",
    },
    {
      says: "credential keys of a Keystone that exists",
      fault: { spec: { identity: { credentialKeys: {} } } },
      at: "spec.identity",
      refusedWith: "credentialKeys are of a Keystone that is deployed, and this one is external",
    },
    {
      says: "a key-encryption key of a Barbican that exists",
      fault: { spec: { keyManager: { kek: {} } } },
      at: "spec.keyManager",
      refusedWith: "kek is of a Barbican that is deployed, and this one is external",
    },
    {
      says: "credential keys that rotate every minute",
      fault: deploying({ identity: { credentialKeys: { rotateEvery: "1m" } } }),
      control: deploying({ identity: { credentialKeys: { rotateEvery: "1h" } } }),
      at: "spec.identity.credentialKeys.rotateEvery",
      refusedWith: DURATION("1h", "8760h"),
    },
    {
      says: "a key-encryption key that rotates every minute",
      fault: deploying({ keyManager: { kek: { rotateEvery: "1m" } } }),
      control: deploying({ keyManager: { kek: { rotateEvery: "1h" } } }),
      at: "spec.keyManager.kek.rotateEvery",
      refusedWith: DURATION("1h", "8760h"),
    },
    {
      says: "tokens for two days",
      fault: deploying({ identity: { tokens: { lifetime: "48h" } } }),
      control: deploying({ identity: { tokens: { lifetime: "24h" } } }),
      at: "spec.identity.tokens.lifetime",
      refusedWith: DURATION("1m", "24h"),
    },
    {
      says: "a rotation each minute",
      fault: deploying({ identity: { keys: { rotateEvery: "1m" } } }),
      control: deploying({ identity: { keys: { rotateEvery: "1h" } } }),
      at: "spec.identity.keys.rotateEvery",
      refusedWith: DURATION("1h", "8760h"),
    },
    {
      says: "a database of both kinds",
      fault: deploying({ database: { ...bundled, ...outside } }),
      control: deploying({ database: outside }),
      at: "spec.database",
      refusedWith: CHOICE,
    },
    {
      says: "another kind of database",
      before: deploying({ database: bundled }),
      fault: { spec: { database: { bundled: null, ...outside } } },
      at: "spec.database",
      refusedWith: "bundled and external cannot be exchanged: the data would stay in the other one",
    },
    {
      says: "a volume of no size",
      fault: deploying({ database: { bundled: { storage: "0" } } }),
      control: deploying({ database: bundled }),
      at: "spec.database.bundled.storage",
      refusedWith: "must be a quantity greater than zero, such as 10Gi",
    },
    {
      says: "another size of a volume",
      before: deploying({ database: bundled }),
      fault: { spec: { database: { bundled: { storage: "2Gi" } } } },
      at: "spec.database.bundled.storage",
      refusedWith: "storage cannot be changed: a StatefulSet's volumes keep their size",
    },
    {
      says: "another host of the database",
      before: deploying({ database: outside }),
      fault: { spec: { database: { external: { host: "other.example.org" } } } },
      at: "spec.database.external.host",
      refusedWith: "host cannot be changed: the data would stay on the other one",
    },
    {
      says: "a cache of both kinds",
      fault: deploying({ cache: { bundled: {}, external: { servers: ["mc:11211"] } } }),
      control: deploying({ cache: { bundled: {} } }),
      at: "spec.cache",
      refusedWith: CHOICE,
    },
    {
      says: "no credentials",
      fault: { spec: { identity: { external: { credentialsSecretRef: null } } } },
      at: "spec.identity.external.credentialsSecretRef",
      refusedWith: "Required value",
    },
    {
      says: "a source of Images without a slash at its end",
      fault: sources("https://images.example.org"),
      control: sources("https://images.example.org:8443/debian/", "http://*.example.org/", "docker://[fd00::1]/"),
      at: "spec.images.sources[0]",
      refusedWith: SOURCE,
    },
    {
      says: "a source of Images by another protocol",
      fault: sources("ftp://images.example.org/"),
      control: sources("https://images.example.org:8443/debian/", "http://*.example.org/", "docker://[fd00::1]/"),
      at: "spec.images.sources[0]",
      refusedWith: SOURCE,
    },
    {
      says: "a password in a source of Images",
      fault: sources("https://me:pw@images.example.org/"),
      control: sources("https://images.example.org:8443/debian/", "http://*.example.org/", "docker://[fd00::1]/"),
      at: "spec.images.sources[0]",
      refusedWith: SOURCE,
    },
    {
      says: "a star within a source of Images",
      fault: sources("https://images.*.example.org/"),
      control: sources("https://images.example.org:8443/debian/", "http://*.example.org/", "docker://[fd00::1]/"),
      at: "spec.images.sources[0]",
      refusedWith: SOURCE,
    },
    {
      says: "the region is changed",
      before: { spec: { region: "RegionOne" } },
      fault: { spec: { region: "RegionTwo" } },
      at: "spec.region",
      refusedWith: "region cannot be changed: the catalog's endpoints are found by it",
    },
    {
      says: "a backup of an external database",
      fault: deploying({ database: outside, ...backup() }),
      control: deploying({ database: bundled, ...backup() }),
      at: "spec",
      refusedWith: BACKUP_OF_BUNDLED,
    },
    {
      says: "a backup of services that exist",
      fault: { spec: backup() },
      control: deploying(backup()),
      at: "spec",
      refusedWith: BACKUP_OF_BUNDLED,
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
      refusedWith: "exactly one of persistentVolumeClaim and storage must be given",
    },
    {
      says: "a volume of no size for backups",
      fault: deploying(backup({ target: { storage: "0" } })),
      control: deploying(backup()),
      at: "spec.backup.target.storage",
      refusedWith: "must be a quantity greater than zero, such as 10Gi",
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
  ],
};

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, aDeploymentInTheMesh, anEdgesLimits } from "../fixtures.ts";
import { accessPolicies } from "./access-policies.ts";
import { backedUp, backedUpInTheMesh, copies, inBucket } from "./backup-fixtures.ts";
import { barbican, barbicanConfiguration, barbicanSecrets } from "./barbican.ts";
import { backupClaim, tokensClaim } from "./claims.ts";
import { disruptionBudget } from "./disruption-budget.ts";
import { edgeGateway, edgePolicies, edgeRoutes } from "./edge.ts";
import {
  barbicanSchemaJob,
  bootstrapJob,
  databaseJob,
  keystoneSchemaJob,
  migrateCredentialsJob,
  rewrapKekJob,
  storeKeysJob,
} from "./jobs.ts";
import { keystone, keystoneConfiguration, keystoneSecrets } from "./keystone.ts";
import { memcached } from "./memcached.ts";
import { meshServices, releaseMeshServices } from "./mesh.ts";
import { networkPolicies } from "./network-policies.ts";
import { postgresql } from "./postgresql.ts";
import { patroniConfiguration, patroniPasswords } from "./postgresql-config.ts";
import { databaseMeshServices } from "./postgresql-members.ts";
import { headlessService, releaseService } from "./service.ts";

const small = aDeployment({ identity: { replicas: 1, tokens: { format: "fernet", lifetime: "1h" } } });
const large = aDeployment({ database: { bundled: { instances: 3, storage: "20Gi" } } });
const outside = aDeployment({
  database: {
    external: {
      host: "db.example.org",
      port: 6432,
      adminSecretRef: { name: "pg" },
      caSecretRef: { name: "pg-ca", key: "ca.crt" },
    },
  },
  cache: { external: { servers: ["mc-1:11211", "mc-2:11212"] } },
});

/** Secrets in a token of SoftHSM2's and in one of a vendor's, beside those by keys of ours. */
const inTokens = aDeployment({
  keyManager: {
    stores: [
      { name: "software", type: "SimpleCrypto", default: false },
      {
        ...{ name: "hsm", type: "PKCS11", default: true },
        pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "hsm-pin", key: "pin" } },
      },
      {
        ...{ name: "luna-1", type: "PKCS11", default: false },
        pkcs11: {
          ...{
            library: "/opt/luna/libCryptoki2_64.so",
            tokenLabel: "ha-group",
            mkekLabel: "wraps",
            hmacLabel: "signs",
          },
          pinSecretRef: { name: "luna", key: "password" },
        },
      },
    ],
    hsmClient: {
      ...{ image: "registry.example.org/luna-client:10.7", mountPath: "/opt/luna" },
      configurationSecretRef: { name: "luna-client" },
      environment: [{ name: "ChrystokiConfigurationPath", value: "/etc/hsm-client" }],
      addresses: [{ cidr: "192.0.2.10/32", port: 1792 }],
    },
  },
});
const meshed = aDeploymentInTheMesh();
const replicated = aDeploymentInTheMesh({ database: { bundled: { instances: 3, storage: "20Gi" } } });
const gateway = {
  hostnames: ["cloud.example.org", "keys.example.org"],
  certificateSecretRef: { name: "cloud-tls" },
  className: "nephele",
  limits: anEdgesLimits,
};
const reached = aDeploymentInTheMesh({ gateway });
const { edge } = reached;
/** Once the catalog leads people to the edge. */
const moved = {
  ...reached,
  cloud: {
    ...reached.cloud,
    status: {
      endpoints: {
        ...{ identity: "https://cloud.example.org/identity/v3", keyManager: "https://cloud.example.org/key-manager" },
        internal: { identity: "http://in:5000/v3", keyManager: "http://in:9311" },
      },
    },
  },
};
if (edge === undefined) throw new Error("it has no edge");
/** What is made, by the name of its golden file. `vitest run -u` writes them anew; look at what has changed. */
const made: Readonly<Record<string, readonly Desired[]>> = {
  "keystone-fernet": [keystoneConfiguration(small), keystone(small, "database 1")],
  "keystone-jws": [keystoneConfiguration(large), keystone(large, "database 1")],
  barbican: [barbicanConfiguration(large), barbican(large, "kek 0,1")],
  memcached: [memcached(large)],
  postgresql: [patroniConfiguration(large), postgresql(large, 3, "20Gi")],
  services: [
    headlessService(large, "postgresql", 5432),
    releaseService(large, "keystone", "active"),
    releaseService(large, "keystone", "preview"),
    disruptionBudget(large, "keystone"),
  ],
  jobs: [
    databaseJob(small, "set-1", ["keystone", "barbican"]),
    keystoneSchemaJob(small, "expand"),
    keystoneSchemaJob(small, "whole"),
    barbicanSchemaJob(small),
    bootstrapJob(small),
    migrateCredentialsJob(small, 2),
    rewrapKekJob(small, 3, 2),
  ],
  stores: [
    barbicanConfiguration(inTokens),
    barbican(inTokens, "kek 0,1"),
    storeKeysJob(inTokens, "hsm 0f3c, luna 9a2e"),
    tokensClaim(inTokens, "default-tokens", "64Mi"),
    ...networkPolicies(inTokens).filter(({ metadata }) =>
      ["default-barbican", "default-setup"].includes(metadata.name),
    ),
  ],
  backups: [...copies(), backupClaim(backedUp, "default-backups", "5Gi")],
  "backups-in-a-bucket": [
    ...copies(inBucket),
    ...networkPolicies(inBucket).filter(({ metadata }) => /-(backup|drill|restore)$/.test(metadata.name)),
  ],
  "backup-policies": networkPolicies(backedUp).filter(({ metadata }) =>
    ["default-backup", "default-restore", "default-drill", "default-postgresql"].includes(metadata.name),
  ),
  "network-policies": networkPolicies(large),
  mesh: [
    ...(["keystone", "barbican"] as const).flatMap((part) => releaseMeshServices(meshed, part, "active")),
    ...releaseMeshServices(meshed, "keystone", "preview"),
    ...meshServices(meshed, "memcached"),
    ...accessPolicies(meshed),
    keystoneConfiguration(meshed),
    keystone(meshed, "database 1"),
    barbican(meshed, "kek 0,1"),
    memcached(meshed),
  ],
  "backups-mesh": copies(backedUpInTheMesh).slice(0, 1),
  "postgresql-mesh": [
    ...databaseMeshServices(replicated, false),
    ...accessPolicies(replicated).filter(({ metadata }) => metadata.name.startsWith("default-postgresql")),
    patroniConfiguration(replicated),
    postgresql(replicated, 3, "20Gi"),
    databaseJob(replicated, "set-1", ["keystone", "barbican"]),
  ],
  "network-policies-mesh": networkPolicies(meshed),
  "network-policies-mesh-comes": networkPolicies(meshed, { inClear: true }).filter(({ metadata }) =>
    ["default-keystone", "default-setup", "default-postgresql"].includes(metadata.name),
  ),
  edge: [
    edgeGateway(reached, edge),
    ...edgeRoutes(reached, edge, "mesh"),
    ...edgePolicies(reached, edge, "<keys>"),
    ...accessPolicies(reached).filter(({ metadata }) =>
      ["default-keystone", "default-barbican"].includes(metadata.name),
    ),
    ...networkPolicies(reached).filter(({ metadata }) =>
      ["default-keystone", "default-barbican"].includes(metadata.name),
    ),
    barbicanConfiguration(moved),
  ],
  external: [
    keystoneConfiguration(outside),
    keystoneSecrets(outside, { role: "keystone_2", password: "pass/word" }, "database 2"),
    barbicanSecrets(
      outside,
      {
        login: { role: "barbican", password: "d" },
        user: { username: "barbican-2", password: "p" },
        keks: ["new", "old"],
      },
      "kek 0,1",
    ),
    databaseJob(outside, "set-1", ["keystone", "keystone-2", "barbican-2"]),
    ...networkPolicies(outside),
  ],
};

test.each(Object.keys(made))("%s is as its golden file", async (name) => {
  const text = `${JSON.stringify((made[name] ?? []).map(readable), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `${name}.golden.json`));
});

test("nothing that is made has an empty list: the API server drops it, and it would be written at each pass", () => {
  expect(Object.keys(made).filter((name) => /:\[\]/.test(JSON.stringify(made[name])))).toEqual([]);
});

/** Secrets' data decoded, so that a person can read it. */
function readable(object: Desired): unknown {
  if (object.kind !== "Secret") return object;
  const data = object["data"] as Readonly<Record<string, string>>;
  return {
    ...object,
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    ),
  };
}

interface ContainerLike {
  readonly securityContext: object;
  readonly env?: readonly { readonly value?: string }[];
}

interface PodSpecLike {
  readonly hostUsers?: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly ContainerLike[];
  readonly initContainers?: readonly ContainerLike[];
}

const podSpecs: readonly (readonly [string, PodSpecLike])[] = [
  keystone(large, "database 1"),
  barbican(large, "kek 0,1"),
  memcached(large),
  postgresql(large, 3, "1Gi"),
  ...(made["jobs"] ?? []),
  ...(made["mesh"] ?? []).filter(({ kind }) => kind === "Deployment"),
  ...(made["postgresql-mesh"] ?? []).filter(({ kind }) => kind === "StatefulSet" || kind === "Job"),
  ...copies(),
  ...copies(inBucket),
  ...(made["stores"] ?? []).filter(({ kind }) => ["Deployment", "Job"].includes(kind)),
].map((object) => {
  const { template } = object["spec"] as { readonly template: { readonly spec: PodSpecLike } };
  return [`${object.kind} ${object.metadata.name}`, template.spec];
});

describe.each(podSpecs)("the pods of %s", (_name, spec) => {
  test("are of the Pod Security level restricted, with a root file system that nobody writes", () => {
    expect(spec).toMatchObject({
      hostUsers: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    for (const { securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  test("get no secret by environment or argument", () => {
    expect(JSON.stringify(spec)).not.toContain("secretKeyRef");
    expect(JSON.stringify(spec)).not.toContain('"envFrom"');
  });
});

test("pods have no user namespace where the operator was told so", () => {
  const platform = { ...large.platform, userNamespaces: false };
  const { template } = keystone({ ...large, platform }, "database 1")["spec"] as {
    readonly template: { readonly spec: PodSpecLike };
  };
  expect(template.spec.hostUsers).toBeUndefined();
});

describe("a Job", () => {
  test("has another name when its content changes, and the same when it does not", () => {
    expect(bootstrapJob(small).metadata.name).toBe(bootstrapJob(small).metadata.name);
    const newer = { ...small, release: "2027.1" };
    const names = [small, newer].flatMap((each) => [
      keystoneSchemaJob(each, "expand").metadata.name,
      keystoneSchemaJob(each, "whole").metadata.name,
    ]);
    expect(new Set(names).size).toBe(4);
    const logins = ["keystone", "barbican"];
    const databases = [
      databaseJob(small, "set-1", logins),
      databaseJob(small, "set-2", logins),
      databaseJob(small, "set-1", [...logins, "keystone-2"]),
    ];
    expect(new Set(databases.map(({ metadata }) => metadata.name)).size).toBe(3);
  });

  test("has a name that fits a label, for the longest name of a Cloud", () => {
    const metadata = { ...small.cloud.metadata, name: "c".repeat(40) };
    const longest = { ...small, cloud: { ...small.cloud, metadata } };
    for (const job of [
      databaseJob(longest, "s", ["keystone", "barbican"]),
      keystoneSchemaJob(longest, "expand"),
      barbicanSchemaJob(longest),
      bootstrapJob(longest),
      migrateCredentialsJob(longest, 2),
      rewrapKekJob(longest, 2, 1),
      storeKeysJob(longest, "pin 1"),
    ])
      expect(job.metadata.name.length).toBeLessThanOrEqual(63);
  });
});

test("only what uses tokens needs their volume: it is made after the schema", () => {
  const needing = [barbicanSchemaJob(inTokens), rewrapKekJob(inTokens, 3, 2), storeKeysJob(inTokens, "pin 1")].filter(
    (made) => JSON.stringify(made).includes("default-tokens"),
  );
  expect(needing.map(({ metadata }) => metadata.name)).toEqual([storeKeysJob(inTokens, "pin 1").metadata.name]);
});

describe("two releases of a service", () => {
  const newer = { ...large, release: "2027.1" };
  test.each([
    ["keystone", (each: CloudDeployment) => keystone(each, "database 1")],
    ["barbican", (each: CloudDeployment) => barbican(each, "kek 0,1")],
  ] as const)("of %s are two Deployments, and a Service leads to the pods of one", (part, build) => {
    const templates = [large, newer].map((each) => {
      const { selector, template } = build(each)["spec"] as {
        readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
        readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
      };
      return { selected: selector.matchLabels, labels: template.metadata.labels };
    });
    expect(build(large).metadata.name).not.toBe(build(newer).metadata.name);
    const matches = (labels: Readonly<Record<string, string>>, selected: Readonly<Record<string, string>>): boolean =>
      Object.entries(selected).every(([key, value]) => labels[key] === value);
    const own = templates.map(({ labels }, at) =>
      templates.map(({ selected }, of) => [at === of, matches(labels, selected)]),
    );
    for (const [same, matched] of own.flat()) expect(matched).toBe(same);
    for (const address of ["active", "preview"] as const) {
      const { selector } = releaseService(newer, part, address)["spec"] as {
        readonly selector: Readonly<Record<string, string>>;
      };
      expect(templates.map(({ labels }) => matches(labels, selector))).toEqual([false, true]);
    }
  });
});

describe("what data needs", () => {
  test("has no owner: neither volumes nor keys go with a Cloud", () => {
    const { volumeClaimTemplates } = postgresql(large, 3, "1Gi")["spec"] as {
      readonly volumeClaimTemplates: readonly { readonly metadata: object }[];
    };
    const claims = [backupClaim(large, "default-backups", "1Gi"), tokensClaim(inTokens, "default-tokens", "64Mi")];
    for (const { metadata } of [...volumeClaimTemplates, ...claims])
      expect(metadata).not.toHaveProperty("ownerReferences");
  });

  test("shows a password in a Secret's data and nowhere else", () => {
    const secrets = [
      keystoneSecrets(small, { role: "keystone", password: "s3cr3t" }, "database 1"),
      barbicanSecrets(
        small,
        {
          login: { role: "barbican", password: "s3cr3t" },
          user: { username: "barbican", password: "s3cr3t" },
          keks: ["s3cr3t"],
        },
        "kek 0,1",
      ),
      patroniPasswords(small, { postgres: "s3cr3t", replicator: "s3cr3t" }),
    ];
    for (const { data, ...rest } of secrets as unknown as readonly (Desired & {
      readonly data: Readonly<Record<string, string>>;
    })[]) {
      expect(JSON.stringify(rest)).not.toContain("s3cr3t");
      expect(
        Object.values(data)
          .map((value) => Buffer.from(value, "base64").toString())
          .join(),
      ).toContain("s3cr3t");
    }
  });
});

describe("who has no token is sent by Barbican", () => {
  test.each([
    ["into the cluster, while the catalog leads there", reached, "http://default-keystone.nephele-system.svc:5000"],
    ["to the edge, once the catalog does", moved, "https://cloud.example.org/identity"],
  ])("%s", (_where, deployment, uri) => {
    expect(JSON.stringify(barbicanConfiguration(deployment)["data"])).toContain(`www_authenticate_uri = ${uri}\\n`);
  });
});

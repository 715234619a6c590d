import { describe, expect, test } from "vitest";
import { connectionOf } from "#operator/clients/cloud-connection.ts";
import { deploymentOf } from "./deployment.ts";
import { aCloud, aDeployment } from "./fixtures.ts";

const platform = {
  imageRegistry: "r",
  userNamespaces: true,
  ...{ trustDomain: undefined, sidecars: undefined, gateways: false },
  installationId: "i",
  namespace: "nephele-system",
};
const external = {
  identity: { external: { url: "https://k/v3", credentialsSecretRef: { name: "login" } } },
  keyManager: { external: { url: "https://b" } },
};

describe("a Cloud", () => {
  test("that names services deploys none, and is spoken with where it says", () => {
    const cloud = aCloud(external);
    expect(deploymentOf(cloud, platform)).toBeUndefined();
    expect(connectionOf(cloud)).toMatchObject({
      identity: { url: "https://k/v3", credentials: { name: "login" } },
      keyManager: { url: "https://b" },
    });
  });

  test("that is deployed is spoken with by its own Services and the operator's own login", () => {
    expect(connectionOf(aCloud())).toEqual({
      identity: {
        url: "http://default-keystone.nephele-system.svc:5000/v3",
        credentials: { name: "default-operator", because: "the operator's login" },
      },
      keyManager: { url: "http://default-barbican.nephele-system.svc:9311" },
    });
  });

  test("keeps its backups in a claim that is named, or in one of its own, or in a bucket", () => {
    const recipients = ["age1a", "age1b"];
    const backup = { every: "12h", keep: 7, recipients };
    expect(aDeployment({ backup: { ...backup, target: { storage: "5Gi" } } }).backup).toEqual({
      everyMs: 43_200_000,
      requestedAt: undefined,
      keep: 7,
      recipients,
      place: { kind: "claim", name: "default-backups", storage: "5Gi" },
      drill: undefined,
    });
    const target = { persistentVolumeClaim: { claimName: "nas" } };
    expect(aDeployment({ backup: { ...backup, target } }).backup?.place).toEqual({
      kind: "claim",
      name: "nas",
      storage: undefined,
    });
    const credentialsSecretRef = { name: "bucket" };
    const s3 = { endpoint: "https://s3.example.org", bucket: "clouds", region: "us-east-1", credentialsSecretRef };
    expect(aDeployment({ backup: { ...backup, target: { s3 } } }).backup?.place).toEqual({
      kind: "bucket",
      endpoint: "https://s3.example.org",
      bucket: "clouds",
      prefix: "",
      region: "us-east-1",
      credentials: "bucket",
      authority: undefined,
    });
  });

  test("that says nothing but a release gets defaults", () => {
    const { cloud: _cloud, platform: _platform, ...rest } = aDeployment();
    expect(rest).toEqual({
      release: "2026.2",
      contract: "Automatic",
      region: "RegionOne",
      identity: {
        replicas: 2,
        tokenFormat: "jws",
        tokenLifetimeMs: 3_600_000,
      },
      keyManager: {
        replicas: 2,
        stores: { default: "software", simpleCrypto: "software", pkcs11: [], tokens: undefined, client: undefined },
      },
      rotation: {
        tokens: { everyMs: 86_400_000, requestedAt: undefined },
        credential: { everyMs: 7_776_000_000, requestedAt: undefined },
        kek: { everyMs: 7_776_000_000, requestedAt: undefined },
        passwords: { everyMs: 7_776_000_000, requestedAt: undefined },
      },
      database: {
        kind: "bundled",
        host: "default-postgresql.nephele-system.svc",
        port: 5432,
        instances: 1,
        storage: "10Gi",
      },
      cache: { bundled: true, servers: ["default-memcached.nephele-system.svc:11211"] },
      backup: undefined,
      restore: undefined,
    });
  });
});

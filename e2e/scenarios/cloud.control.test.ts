import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { letOperatorRead, openStack, operatorSettings } from "#e2e/clients/operator-clients.ts";
import { adminLogin } from "#e2e/cluster/openstack/admin-session.ts";
import { createTestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openProxiedCloud } from "#e2e/harness/proxied-cloud.ts";
import { coreSecrets, dataVolumes, networkPolicies } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds, images, projects } from "#operator/api/resources.ts";
import type { Condition } from "#runtime/api/conditions.ts";
import type { Desired, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { isApiError } from "#runtime/client/errors.ts";

const NAMESPACE = "nephele-system";
const CLOSED = "http://127.0.0.1:9";
const settings = operatorSettings();

/**
 * Clouds beside the local cluster's own. Projects of other files name theirs, and so do these, since with two Clouds
 * none is the default.
 */
let bed: Bed;
const made: string[] = [];
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  for (const name of made) await remove(name);
  await bed?.close();
});

interface Changes {
  readonly identityUrl?: string;
  readonly keyManagerUrl?: string;
  /** The key in the core Secret with the authority of both services. */
  readonly authority?: string;
  readonly protected?: boolean;
  /** Where its Projects' Images may be imported from. */
  readonly sources?: readonly string[];
}

/** Applies a Cloud that reads the core Secret of its own name. */
async function applyCloud(name: string, changes: Changes = {}): Promise<void> {
  made.push(name);
  const {
    identityUrl,
    keyManagerUrl,
    region,
    authority,
    sources,
    protected: held = false,
  } = { ...settings, ...changes };
  const ca = authority === undefined ? {} : { caSecretRef: { name, key: authority } };
  const identity = { external: { url: identityUrl, credentialsSecretRef: { name }, ...ca } };
  const spec = {
    region,
    identity,
    keyManager: { external: { url: keyManagerUrl, ...ca } },
    protected: held,
    images: { sources },
  };
  const cloud = { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: { name, namespace: NAMESPACE }, spec };
  await bed.kube.apply(clouds, cloud, { fieldOwner: "test", force: true });
}

async function applyLogin(name: string, login: Readonly<Record<string, string>> = {}): Promise<void> {
  const stringData = { ...settings.credentials, ...login };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: NAMESPACE }, stringData };
  await letOperatorRead(bed.kube, await bed.kube.apply(coreSecrets, secret, { fieldOwner: "test", force: true }));
}

async function remove(name: string): Promise<void> {
  await bed.kube.delete(clouds, { namespace: NAMESPACE, name });
  await untilGone(bed.kube, clouds, { namespace: NAMESPACE, name });
  await bed.kube.delete(coreSecrets, { namespace: NAMESPACE, name });
}

const until = (name: string, expected: { type: string; status: string; message?: RegExp }): Promise<Cloud> =>
  untilCondition(bed.kube, clouds, { namespace: NAMESPACE, name }, expected);

const conditionsOf = (cloud: Cloud): Readonly<Record<string, string>> =>
  Object.fromEntries((cloud.status?.conditions ?? []).map(({ type, status }: Condition) => [type, status]));

describe("cloud", () => {
  test("create-minimal: the local cluster's own is Ready and says where the services are", async () => {
    const cloud = await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name: "default" });
    expect(conditionsOf(cloud)).toMatchObject({
      IdentityReady: "True",
      KeyManagerReady: "True",
      CatalogReady: "True",
      HypervisorReady: "True",
    });
    const { identityUrl: identity, keyManagerUrl: keyManager } = settings;
    expect(cloud.status?.endpoints).toEqual({ identity, keyManager, internal: { identity, keyManager } });
  });

  test("create-full: an authority of its own reaches the Projects' clouds.yaml, and it is protected", async () => {
    const [name, project] = [unique("cloud"), unique("cloud-project")];
    const kubeconfig = parse(readFileSync(bed.cluster.kubeconfigPath, "utf8")) as {
      readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    };
    const pem = Buffer.from(kubeconfig.clusters[0]?.cluster["certificate-authority-data"] ?? "", "base64").toString();
    await applyLogin(name, { project: "service", projectDomain: "Default", "authority.pem": pem });
    await applyCloud(name, { authority: "authority.pem", protected: true });
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    const spec = { cloudRef: { namespace: NAMESPACE, name }, protected: false, onDelete: "Delete" };
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name: project }, spec };
    await bed.kube.apply(projects, object, { fieldOwner: "test" });
    await untilReady(bed.kube, projects, { name: project });
    const login = await bed.kube.get(coreSecrets, { namespace: project, name: "clouds" });
    expect(Buffer.from(login?.data?.["ca.crt"] ?? "", "base64").toString()).toBe(pem);
    await bed.kube.delete(projects, { name: project });
    await untilGone(bed.kube, projects, { name: project });
    const refused = await bed.kube.delete(clouds, { namespace: NAMESPACE, name }).catch((error: unknown) => error);
    expect(isApiError(refused, "Forbidden")).toBe(true);
    await applyCloud(name, { authority: "authority.pem" });
  });

  test("update: Images are imported from the addresses that it lists, else from the internet alone", async () => {
    const [name, project] = [unique("cloud"), unique("cloud-project")];
    await applyLogin(name);
    await applyCloud(name);
    const spec = { cloudRef: { namespace: NAMESPACE, name }, protected: false, onDelete: "Delete" };
    const apply = (resource: Resource, metadata: object, more: object): Promise<unknown> => {
      const object = { apiVersion: "nephele.dev/v1alpha1", kind: resource.kind, metadata, spec: more };
      return bed.kube.apply(resource, object as Desired, { fieldOwner: "test" });
    };
    await apply(projects, { name: project }, spec);
    await untilReady(bed.kube, projects, { name: project });
    const at = (image: string) => ({ namespace: project, name: image });
    const image = async (key: ObjectKey, url: string): Promise<void> => {
      const http = { url, checksum: `sha256:${"0".repeat(64)}` };
      await apply(images, key, { source: { http }, minDisk: "1Gi" });
    };
    const refused = (key: ObjectKey, message: RegExp): Promise<unknown> =>
      untilCondition(bed.kube, images, key, {
        type: "Stalled",
        status: "True",
        reason: "InvalidConfiguration",
        message,
      });
    const made = (key: ObjectKey): Promise<unknown> =>
      eventually(`DataVolume ${key.name}`, () => bed.kube.get(dataVolumes, key));
    const closed = async (): Promise<string> =>
      JSON.stringify(await bed.kube.get(networkPolicies, { namespace: project, name: "nephele-importers" }));

    await image(at("outside"), "https://images.example.org/a.qcow2");
    await made(at("outside"));
    await image(at("inside"), "http://disks.nephele-system.svc/a.qcow2");
    await refused(at("inside"), /spec.source.http.url: disks.nephele-system.svc is within private networks/);
    expect(await bed.kube.get(dataVolumes, at("inside"))).toBeUndefined();
    await image(at("searched"), "https://kubernetes.default/a.qcow2");
    await refused(at("searched"), /kubernetes.default may be a Service of the namespace default/);
    expect(await closed()).toContain("10.0.0.0/8");

    await applyCloud(name, { sources: ["http://disks.nephele-system.svc/"] });
    await made(at("inside"));
    await image(at("elsewhere"), "https://images.example.org/a.qcow2");
    await refused(
      at("elsewhere"),
      new RegExp(`none of the addresses .*spec.images.sources of Cloud ${NAMESPACE}/${name}`),
    );
    await eventually("importers to reach what is listed", async () => !(await closed()).includes("10.0.0.0/8"));

    for (const { metadata } of await bed.kube.list(images, { namespace: project })) {
      await bed.kube.delete(images, at(metadata.name));
      await untilGone(bed.kube, images, at(metadata.name));
    }
    await bed.kube.delete(projects, { name: project });
    await untilGone(bed.kube, projects, { name: project });
  });

  test("update: another address of Barbican is asked, and said", async () => {
    const [name, other] = [unique("cloud"), `${settings.keyManagerUrl.replace("127.0.0.1", "localhost")}`];
    await applyLogin(name);
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    await applyCloud(name, { keyManagerUrl: other });
    await until(name, { type: "KeyManagerReady", status: "True", message: new RegExp(`Barbican at ${other}`) });
  });

  test("import/adopt, retain: services that exist are taken and let go without a change in them", async () => {
    const proxied = await openProxiedCloud(bed);
    expect((await untilReady(bed.kube, clouds, proxied.ref)).status?.endpoints?.identity).toBe(settings.identityUrl);
    await proxied.close();
    expect([...proxied.keystone.writes, ...proxied.barbican.writes]).toEqual([]);
  });

  test("dependency deleted: a core Secret that goes is waited for by name, and used when it is back", async () => {
    const name = unique("cloud");
    await applyLogin(name);
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    await bed.kube.delete(coreSecrets, { namespace: NAMESPACE, name });
    // What was read of it counts for a minute, or until the Cloud changes.
    await applyCloud(name, { protected: true });
    await until(name, { type: "Ready", status: "False", message: new RegExp(`core Secret ${NAMESPACE}/${name}`) });
    await applyLogin(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    await applyCloud(name);
  });

  test("external deletion: the operator's user that somebody deletes is told, and a new one is used", async () => {
    const [name, user] = [unique("cloud"), unique("operator")];
    const { identityUrl, adminPasswordFile } = openStack();
    const admin = await adminLogin(identityUrl, adminPasswordFile, "system");
    const domain = await createTestDomain(openStack(), "t-cloud");
    const idOf = async (path: string, list: string): Promise<string> => (await admin.findFirst(path, list))?.id ?? "";
    const role = await idOf("/roles?name=admin", "roles");
    const project = await idOf("/projects?name=service&domain_id=default", "projects");
    const makeUser = async (): Promise<string> => {
      const { id, password } = await domain.createUser(user);
      await admin.send("PUT", `/system/users/${id}/roles/${role}`);
      await admin.send("PUT", `/projects/${project}/users/${id}/roles/${role}`);
      await applyLogin(name, { username: user, password, userDomain: domain.name });
      return id;
    };
    const first = await makeUser();
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    await admin.send("DELETE", `/users/${first}`);
    await applyCloud(name, { protected: true });
    await until(name, { type: "IdentityReady", status: "False", message: /to accept the operator/ });
    await makeUser();
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    await remove(name);
    await domain.remove();
  });

  test("dependency missing: its core Secret, then a key in it, is waited for by name", async () => {
    const name = unique("cloud");
    await applyCloud(name);
    await until(name, {
      type: "IdentityReady",
      status: "False",
      message: new RegExp(`core Secret ${NAMESPACE}/${name}`),
    });
    await applyLogin(name, { userDomain: "" });
    await until(name, { type: "Ready", status: "False", message: /the key userDomain in the core Secret/ });
    await applyLogin(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
  });

  test("conflict: a login that Keystone refuses is said to be wrong, without its password", async () => {
    const [name, password] = [unique("cloud"), unique("wrong")];
    await applyLogin(name, { password });
    await applyCloud(name);
    const cloud = await until(name, {
      type: "IdentityReady",
      status: "False",
      message: /accept the operator \(spec.identity.external.credentialsSecretRef\)/,
    });
    expect(JSON.stringify(cloud)).not.toContain(password);
  });

  test("service down: which one does not answer is said, and it is Ready when that is mended", async () => {
    const name = unique("cloud");
    await applyLogin(name);
    await applyCloud(name, { identityUrl: `${CLOSED}/v3` });
    await until(name, {
      type: "IdentityReady",
      status: "False",
      message: /Keystone at http:\/\/127.0.0.1:9\/v3 to answer/,
    });
    await applyCloud(name, { keyManagerUrl: CLOSED });
    await until(name, {
      type: "KeyManagerReady",
      status: "False",
      message: /Barbican at http:\/\/127.0.0.1:9 to answer/,
    });
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
  });

  test("delete: it waits for its Projects, and says which", async () => {
    const [name, project] = [unique("cloud"), unique("cloud-project")];
    await applyLogin(name);
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    const spec = { cloudRef: { namespace: NAMESPACE, name }, protected: false, onDelete: "Delete" };
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name: project }, spec };
    await bed.kube.apply(projects, object, { fieldOwner: "test" });
    await untilReady(bed.kube, projects, { name: project });
    await bed.kube.delete(clouds, { namespace: NAMESPACE, name });
    await until(name, { type: "Ready", status: "False", message: new RegExp(`Project ${project} to be deleted`) });
    await bed.kube.delete(projects, { name: project });
    await untilGone(bed.kube, projects, { name: project });
    await untilGone(bed.kube, clouds, { namespace: NAMESPACE, name });
  });

  test("paused: nothing is looked at until the annotation goes", async () => {
    const name = unique("cloud");
    await applyLogin(name);
    await applyCloud(name);
    await untilReady(bed.kube, clouds, { namespace: NAMESPACE, name });
    const pause = (value: string | null) =>
      bed.kube.mergePatch(
        clouds,
        { namespace: NAMESPACE, name },
        { metadata: { annotations: { "nephele.dev/paused": value } } },
      );
    await pause("true");
    await until(name, { type: "Reconciling", status: "False", message: /nephele.dev\/paused/ });
    await applyCloud(name, { identityUrl: `${CLOSED}/v3` });
    await pause(null);
    await until(name, { type: "IdentityReady", status: "False" });
  });
});

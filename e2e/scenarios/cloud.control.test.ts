import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operatorSettings } from "#e2e/clients/operator-clients.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import type { Condition } from "#runtime/api/conditions.ts";

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

interface Addresses {
  readonly identityUrl?: string;
  readonly keyManagerUrl?: string;
}

/** Applies a Cloud that reads the core Secret of its own name. */
async function applyCloud(name: string, addresses: Addresses = {}): Promise<void> {
  made.push(name);
  const { identityUrl, keyManagerUrl, region } = { ...settings, ...addresses };
  const identity = { external: { url: identityUrl, credentialsSecretRef: { name } } };
  const spec = { region, identity, keyManager: { external: { url: keyManagerUrl } }, protected: false };
  const cloud = { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: { name, namespace: NAMESPACE }, spec };
  await bed.kube.apply(clouds, cloud, { fieldOwner: "test", force: true });
}

async function applyLogin(name: string, login: Readonly<Record<string, string>> = {}): Promise<void> {
  const stringData = { ...settings.credentials, ...login };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: NAMESPACE }, stringData };
  await bed.kube.apply(coreSecrets, secret, { fieldOwner: "test", force: true });
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

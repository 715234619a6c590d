import { afterAll, beforeAll, expect, test } from "vitest";
import { letOperatorRead, operatorSettings } from "#e2e/clients/operator-clients.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { coreSecrets, namespaces } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";

// Not the release's namespace: there the operator may get what it makes for deployed Clouds.
const key = { namespace: unique("clouds"), name: unique("cloud") };
const OWNER = { fieldOwner: "test", force: true } as const;

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
  const metadata = { name: key.namespace };
  await bed.kube.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata }, OWNER);
});
afterAll(async () => {
  await bed.kube.delete(clouds, key);
  await untilGone(bed.kube, clouds, key);
  await bed.kube.delete(namespaces, { name: key.namespace });
  await bed.close();
});

test("a core Secret that no Role names is waited for in these words, and read when one does", async () => {
  const { identityUrl, keyManagerUrl, region, credentials } = operatorSettings();
  const secret = { apiVersion: "v1", kind: "Secret", metadata: key, stringData: { ...credentials } };
  const made = await bed.kube.apply(coreSecrets, secret, OWNER);
  const identity = { external: { url: identityUrl, credentialsSecretRef: { name: key.name } } };
  const spec = { region, identity, keyManager: { external: { url: keyManagerUrl } }, protected: false };
  await bed.kube.apply(clouds, { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: key, spec }, OWNER);
  const waiting = await untilCondition(bed.kube, clouds, key, {
    type: "IdentityReady",
    status: "False",
    message: new RegExp(`the right to get the core Secret ${key.namespace}/${key.name}.*Role nephele:cloud-secrets`),
  });
  expect(JSON.stringify(waiting)).not.toContain(credentials.password);
  await letOperatorRead(bed.kube, made);
  await untilReady(bed.kube, clouds, key);
});

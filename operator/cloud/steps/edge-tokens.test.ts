import { expect, test } from "vitest";
import { CONTROLLER_NAME } from "#operator/api/gateway-api.ts";
import type { Desired, KubeObject, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { Outcome } from "#runtime/controller/outcome.ts";
import { tokenSteps } from "../controller.ts";
import { publicJwk, SIGNING, signingPair, valuesOfPairs } from "../decide/signing-keys.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment, anEdgesLimits } from "../fixtures.ts";
import { secretNames } from "../names.ts";
import type { EdgePolicy } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { nextKeyUnknown } from "./edge-limits.ts";

/** What becomes of Keystone and of the edge's check of tokens, by the steps of a pass as the controller has them. */

const gateway = {
  hostnames: ["cloud.example.org"],
  certificateSecretRef: { name: "cloud-tls" },
  className: "nephele",
};
const makes = (
  format: "jws" | "fernet",
  loginsPerAddress = anEdgesLimits.loginsPerAddress as number,
): CloudDeployment =>
  aDeployment({
    gateway: { ...gateway, limits: { ...anEdgesLimits, loginsPerAddress } },
    identity: { replicas: 1, tokens: { format, lifetime: "1h" } },
  });
const pairs = valuesOfPairs({ "0": signingPair(), "1": signingPair() });

/** Objects by kind and name, as passes leave them; pods and proxies follow at once, unless told not to. */
class World {
  readonly objects = new Map<string, KubeObject>();
  /** Whether pods of before go. */
  podsGo = true;
  /** Whether the control plane says that proxies were told. */
  proxiesFollow = true;

  constructor({ cloud }: CloudDeployment) {
    const data = Object.fromEntries(Object.entries(pairs).map(([name, text]) => [name, btoa(text)]));
    const listeners = [
      { name: "https-0", hostname: "cloud.example.org", tls: { certificateRefs: [{ name: "cloud-tls" }] } },
    ];
    const own = { ownerReferences: [{ uid: cloud.metadata.uid }] };
    const there = {
      [`Secret/${secretNames.jws(cloud)}`]: { data },
      "GatewayClass/nephele": { spec: { controllerName: CONTROLLER_NAME } },
      "Gateway/default-edge": { metadata: { name: "default-edge", ...own }, spec: { listeners } },
    };
    for (const [key, object] of Object.entries(there)) this.objects.set(key, object as unknown as KubeObject);
  }

  async pass(deployment: CloudDeployment): Promise<Outcome | undefined> {
    const scope = this.scope(deployment);
    for (const step of tokenSteps) {
      const outcome = await step(scope, new AbortController().signal);
      if (outcome.kind !== "settled") return outcome;
    }
    return undefined;
  }

  scope(deployment: CloudDeployment): CloudScope {
    return {
      ...{ deployment, deps: {}, results: new Map(), now: new Date(), object: deployment.cloud },
      ...{ fieldOwner: () => "test", log: { warn: (_: object, why: string) => expect.fail(why) } },
      custody: { keySet: "1", values: (name: string) => (name === "jws" ? pairs : { keystone: "k" }) },
      cache: {
        ...{ isForbidden: () => false, hasSynced: () => true },
        get: ({ kind }: Resource, { name }: ObjectKey) => this.objects.get(`${kind}/${name}`),
        list: ({ kind }: Resource) =>
          [...this.objects].filter(([key]) => key.startsWith(`${kind}/`)).map(([, of]) => of),
      },
      kube: { apply: async (_: Resource, object: Desired) => this.apply(object), list: async () => [] },
    } as unknown as CloudScope;
  }

  private apply(object: Desired): void {
    const key = `${object.kind}/${object.metadata.name}`;
    const generation = (this.objects.get(key)?.metadata.generation ?? 0) + 1;
    const condition = (type: string) => ({
      type,
      status: "True",
      reason: type,
      message: "",
      observedGeneration: generation,
    });
    const status =
      object.kind === "Deployment"
        ? { observedGeneration: generation, readyReplicas: 1, updatedReplicas: 1, replicas: this.podsGo ? 1 : 2 }
        : {
            ancestors: [
              { conditions: [condition("Accepted"), ...(this.proxiesFollow ? [condition("Programmed")] : [])] },
            ],
          };
    this.objects.set(key, { ...object, metadata: { ...object.metadata, generation }, status } as unknown as KubeObject);
  }

  get isChecked(): boolean {
    return (this.objects.get("EdgePolicy/default-edge-tokens") as EdgePolicy | undefined)?.spec?.jwt !== undefined;
  }

  /** Whether Keystone's pods are to sign tokens. */
  get signs(): boolean {
    return JSON.stringify(this.objects.get("Deployment/default-keystone-2026-2")).includes(
      secretNames.jws(makes("jws").cloud),
    );
  }
}

test("the edge checks tokens from the pass on in which all of Keystone's pods make those of the format jws", async () => {
  const world = new World(makes("jws"));
  expect(await world.pass(makes("jws"))).toBeUndefined();
  expect(world).toMatchObject({ signs: true, isChecked: true });
});

test("the control: not while one of before is there", async () => {
  const world = new World(makes("jws"));
  world.podsGo = false;
  expect(await world.pass(makes("jws"))).toBeUndefined();
  expect(world).toMatchObject({ signs: true, isChecked: false });
});

test("and goes on by the keys that the pass holds where their core Secret goes meanwhile", async () => {
  const world = new World(makes("jws"));
  await world.pass(makes("jws"));
  world.objects.delete(`Secret/${secretNames.jws(makes("jws").cloud)}`);
  expect(await world.pass(makes("jws"))).toBeUndefined();
  expect(world).toMatchObject({ signs: true, isChecked: true });
});

test("it checks no more before Keystone makes tokens of another format", async () => {
  const world = new World(makes("jws"));
  await world.pass(makes("jws"));
  world.proxiesFollow = false;
  expect(await world.pass(makes("fernet"))).toMatchObject({
    kind: "waiting",
    for: "EdgePolicy default-edge-tokens to be in force: nobody says so, so that the edge checks no tokens when Keystone's are no longer of the format jws",
  });
  expect(world).toMatchObject({ signs: true, isChecked: false });
});

test("the control: Keystone does once the proxies were told, and then waits for them no more", async () => {
  const world = new World(makes("jws"));
  await world.pass(makes("jws"));
  expect(await world.pass(makes("fernet"))).toBeUndefined();
  expect(world).toMatchObject({ signs: false, isChecked: false });
  world.proxiesFollow = false;
  expect(await world.pass(makes("fernet", 1))).toBeUndefined();
});

test("a key that the edge does not have signs nothing yet", async () => {
  const world = new World(makes("jws"));
  const unknown = (values = pairs) => nextKeyUnknown(world.scope(makes("jws")), makes("jws"), values);
  // Where nothing is checked nobody has to know it.
  expect(unknown()).toBeUndefined();
  await world.pass(makes("jws"));
  expect(unknown()).toBeUndefined();
  const other = publicOf(signingPair());
  expect(publicJwk(other)).not.toEqual(publicJwk(pairs[SIGNING.nextPublic] ?? ""));
  expect(unknown({ ...pairs, [SIGNING.nextPublic]: other })).toBe(
    "EdgePolicy default-edge-tokens does not have the next key yet",
  );
});

function publicOf(pair: string): string {
  return valuesOfPairs({ "1": pair })[SIGNING.public] ?? "";
}

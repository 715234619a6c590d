import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { pods } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { MESH_PORT } from "#operator/cloud/children/mesh.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { images } from "../../images/build.ts";
import { at, type CloudBed, MINUTES, openCloudBed, partOf, team } from "../scenarios/cloud-bed.ts";
import { askWhile, openTenantRequests, type TenantRequests } from "../scenarios/tenant-requests.ts";
import { captureWhile, type Flow } from "./capture.ts";
import { type MeshCall, meshCaller } from "./mesh-caller.ts";

/** A Cloud that is given sidecars while its tenant goes on, and what passes the node before and after. */

const TRUST_DOMAIN = "cloud.test";
const SOCKET_FOLDER = "/run/nephele/spire-agent";
const MESH = [
  "spire.enabled=true",
  `spire.trustDomain=${TRUST_DOMAIN}`,
  "xds.enabled=true",
  "cloudSidecars.enabled=true",
];
const [KEYSTONE, BARBICAN, MEMCACHED] = [5000, 9311, 11211];
const print = (line: string): void => void process.stderr.write(`${line}\n`);

let bed: CloudBed;
let tenant: TenantRequests;
/** A secret of before the mesh. */
let kept: string;

beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  await bed.node.importImages(await images(["spire", "envoy"], print));
  tenant = await openTenantRequests(bed.node, "default", team);
  kept = await tenant.store("older than the mesh");
}, 15 * MINUTES);

afterAll(async () => {
  tenant?.close();
  // Other files find the Cloud as the chart makes it by itself.
  await bed?.release.upgrade();
  await bed?.close();
}, 10 * MINUTES);

/** The tenant reads the oldest secret; and writes, reads and deletes one, for he may have two hundred. */
async function work(): Promise<void> {
  expect(await tenant.ask(kept)).toBe("older than the mesh");
  const payload = unique("payload");
  const stored = await tenant.store(payload);
  expect(await tenant.ask(stored)).toBe(payload);
  await tenant.remove(stored);
}

/** Where pods of a part are, those that stay. */
async function addressesOf(part: string): Promise<readonly string[]> {
  const found = await bed.podsOf(partOf("default", part));
  return found.filter((pod) => !isDeleting(pod)).flatMap(({ status }) => status?.podIP ?? []);
}

/**
 * What leaves Barbican's pods, and comes back, while they see a token for the first time, and validate it. What the tenant sends to
 * Barbican and is answered is left out: that is the same with and without a mesh.
 */
async function flowsOfValidation(): Promise<readonly Flow[]> {
  const own = new Set(await addressesOf("barbican"));
  const wanted = { token: await tenant.login(), "key of a cached token": "tokens/" };
  const flows = await captureWhile(bed.node, wanted, () => tenant.ask(kept));
  // Control: the capture sees what passes.
  const ofTenant = flows.filter(({ targetPort }) => targetPort === BARBICAN);
  expect(ofTenant.some(({ found }) => found.includes("token"))).toBe(true);
  return flows.filter(
    ({ source, sourcePort, target, targetPort }) =>
      (own.has(source) || own.has(target)) && sourcePort !== BARBICAN && targetPort !== BARBICAN,
  );
}

/** Ports at which something of what was looked for passed in clear. */
function inClear(flows: readonly Flow[], what: string): readonly number[] {
  const ports = flows.filter(({ found }) => found.includes(what)).map(({ targetPort }) => targetPort);
  return [...new Set(ports)].toSorted((one, other) => one - other);
}

test(
  "without sidecars, the control: Barbican sends its callers' tokens to Keystone in clear, and to memcached what it keeps of them",
  async () => {
    const flows = await flowsOfValidation();
    expect(inClear(flows, "token")).toContain(KEYSTONE);
    expect(inClear(flows, "key of a cached token")).toContain(MEMCACHED);
  },
  3 * MINUTES,
);

test(
  "sidecars come to the pods of a Cloud that works, as another release would: no request of its tenant is lost",
  async () => {
    const { answered, errors } = await askWhile(work, async () => {
      await bed.release.upgrade("8m", MESH);
      // Helm is answered by the operator that leads until its successor does.
      await untilCondition(bed.kube, clouds, at("default"), { type: "MeshReady", status: "True" }, 8 * MINUTES);
      await untilReady(bed.kube, clouds, at("default"), 3 * MINUTES);
    });
    print(`sidecars came: ${answered} rounds of requests, ${errors.length} errors`);
    expect(errors).toEqual([]);
    expect(answered).toBeGreaterThan(5);
  },
  20 * MINUTES,
);

describe("a Cloud with sidecars", () => {
  test("says who speaks by mutual TLS, and what is in clear text still", async () => {
    const { conditions } = (await bed.cloud()).status ?? {};
    const message = conditions?.find(({ type }) => type === "MeshReady")?.message;
    expect(message).toMatch(
      /^By mutual TLS: the operator; keystone to memcached; barbican to keystone, memcached\. In clear text still: /,
    );
  });

  test(
    "is used by its tenant as before; no token of his passes the node in clear but by himself, and nothing to memcached",
    async () => {
      await work();
      const flows = await flowsOfValidation();
      expect(inClear(flows, "token")).toEqual([]);
      expect(inClear(flows, "key of a cached token")).toEqual([]);
      expect(flows.filter(({ targetPort }) => targetPort === KEYSTONE || targetPort === MEMCACHED)).toEqual([]);
      // It is not that nothing was said.
      const keystones = await addressesOf("keystone");
      const byMesh = flows.filter(({ target, targetPort }) => keystones.includes(target) && targetPort === MESH_PORT);
      expect(byMesh.some(({ bytes }) => bytes > 0)).toBe(true);
    },
    3 * MINUTES,
  );

  const identity = (account: string): string => `spiffe://${TRUST_DOMAIN}/ns/${systemNamespace}/sa/${account}`;

  test.each<readonly [string, string | undefined, RegExp]>([
    ["Barbican's identity is let in", "default-barbican", /^200$/],
    ["another of the Cloud's is refused", "default-memcached", /^403$/],
    ["nobody is refused before he can ask", undefined, /^refused: /],
  ])(
    "whoever calls Keystone's sidecar with %s",
    async (_who, serviceAccount, answer) => {
      const [nephele] = await images(["nephele"], print);
      const call: MeshCall = {
        ...{ ...at(unique("caller")), serviceAccount, socketFolder: SOCKET_FOLDER, image: nephele?.reference ?? "" },
        // NetworkPolicies take it for one of Barbican's pods, so that the sidecar is what refuses it.
        labels: { "app.kubernetes.io/name": "barbican", "app.kubernetes.io/instance": "default" },
        url: `https://default-keystone-mesh.${systemNamespace}.svc:${KEYSTONE}/v3`,
        peer: identity("default-keystone"),
      };
      const { namespace, name } = call;
      await bed.kube.create(pods, meshCaller(call) as never);
      try {
        const over = async () => (await bed.kube.get(pods, { namespace, name }))?.status?.phase === "Succeeded";
        await eventually("the caller to be done", over, { withinMs: 2 * MINUTES });
        expect((await bed.node.run("logs", name, `--namespace=${namespace}`)).trim()).toMatch(answer);
      } finally {
        await bed.kube.delete(pods, { namespace, name });
      }
    },
    3 * MINUTES,
  );
});

import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { persistentVolumeClaims, pods, services } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { MARKS, MESH_PORT } from "#operator/cloud/children/mesh.ts";
import { images } from "../../images/build.ts";
import { at, type CloudBed, MINUTES, openCloudBed, partOf, primaryOf, team } from "../scenarios/cloud-bed.ts";
import { type OwnCloud, openOwnCloud } from "../scenarios/own-cloud.ts";
import {
  expectOneReplacement,
  openTenantRequests,
  outagesWhile,
  type TenantRequests,
  writeWhile,
} from "../scenarios/tenant-requests.ts";
import { captureWhile, type Flow } from "./capture.ts";
import { type MeshCall, meshCaller } from "./mesh-caller.ts";
import { addressesOf, betweenOthers, inClear, listens, ofDatabase, PORTS } from "./mesh-flows.ts";

/**
 * A Cloud that is given sidecars while its tenant goes on, and what passes the node before and after; and one whose PostgreSQL has
 * three members.
 */

const TRUST_DOMAIN = "cloud.test";
const SOCKET_FOLDER = "/run/nephele/spire-agent";
const MESH = [
  "spire.enabled=true",
  `spire.trustDomain=${TRUST_DOMAIN}`,
  "xds.enabled=true",
  "cloudSidecars.enabled=true",
];
const replicated = unique("cloud").slice(2);
const MEMBERS = partOf(replicated, "postgresql");
const primary = () => primaryOf(bed, replicated);
const print = (line: string): void => void process.stderr.write(`${line}\n`);

let bed: CloudBed;
let tenant: TenantRequests;
/** A secret of before the mesh. */
let kept: string;
let own: OwnCloud;

beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  await bed.node.importImages(await images(["spire", "envoy"], print));
  tenant = await openTenantRequests(bed.node, "default", team);
  kept = await tenant.store("older than the mesh");
  own = await openOwnCloud(bed, replicated, {
    ...{ release: "2026.2", identity: { replicas: 1 }, keyManager: { replicas: 1 }, instances: 3 },
  });
}, 20 * MINUTES);

afterAll(async () => {
  tenant?.close();
  await own?.close();
  // Other files find the Cloud as the chart makes it by itself.
  await bed?.release.upgrade();
  await bed?.close();
}, 15 * MINUTES);

/** The tenant reads the oldest secret; and writes, reads and deletes one, for he may have two hundred. */
async function work(): Promise<void> {
  expect(await tenant.ask(kept)).toBe("older than the mesh");
  const payload = unique("payload");
  const stored = await tenant.store(payload);
  expect(await tenant.ask(stored)).toBe(payload);
  await tenant.remove(stored);
}

/**
 * What leaves Barbican's pods, and comes back, while they see a token for the first time, and validate it. What the tenant sends to
 * Barbican and is answered is left out: that is the same with and without a mesh.
 */
async function flowsOfValidation(): Promise<readonly Flow[]> {
  const own = new Set(await addressesOf(bed, "default", "barbican"));
  const wanted = { token: await tenant.login(), "key of a cached token": "tokens/" };
  const flows = await captureWhile(bed.node, wanted, () => tenant.ask(kept));
  // Control: the capture sees what passes.
  const ofTenant = flows.filter(({ targetPort }) => targetPort === PORTS.barbican);
  expect(ofTenant.some(({ found }) => found.includes("token"))).toBe(true);
  return flows.filter(
    ({ source, sourcePort, target, targetPort }) =>
      (own.has(source) || own.has(target)) && sourcePort !== PORTS.barbican && targetPort !== PORTS.barbican,
  );
}

/** What PostgreSQL's pods hear and say while a secret is stored whose name goes to the database as it is. */
async function flowsOfSql(): Promise<readonly Flow[]> {
  const name = unique("canary");
  const flows = await captureWhile(bed.node, { name }, () => own.tenant.store("in the database", name));
  // Control: the capture sees what passes; what the tenant himself sends is the same with and without a mesh.
  expect(inClear(flows, "name")).toContain(PORTS.barbican);
  return betweenOthers(flows);
}

test(
  "without sidecars, the control: PostgreSQL is told in clear, and tells its standbys in clear",
  async () => {
    const members = await addressesOf(bed, replicated, "postgresql");
    const found = (await flowsOfSql()).filter((flow) => flow.found.includes("name"));
    expect(found.some(({ target, targetPort }) => members.includes(target) && targetPort === PORTS.postgresql)).toBe(
      true,
    );
    const isReplication = ({ source, sourcePort, target }: Flow): boolean =>
      members.includes(source) && sourcePort === PORTS.postgresql && members.includes(target);
    expect(found.some(isReplication)).toBe(true);
  },
  3 * MINUTES,
);

test(
  "without sidecars, the control: Barbican sends its callers' tokens to Keystone in clear, and to memcached what it keeps of them",
  async () => {
    const flows = await flowsOfValidation();
    expect(inClear(flows, "token")).toContain(PORTS.keystone);
    expect(inClear(flows, "key of a cached token")).toContain(PORTS.memcached);
  },
  3 * MINUTES,
);

test(
  "sidecars come to the pods of a Cloud that works: its tenant is answered but for the seconds in which PostgreSQL's only pod is replaced",
  async () => {
    const { answered, outages } = await outagesWhile(work, async () => {
      await bed.release.upgrade("8m", MESH);
      // Helm is answered by the operator that leads until its successor does.
      await untilCondition(bed.kube, clouds, at("default"), { type: "MeshReady", status: "True" }, 8 * MINUTES);
      await untilReady(bed.kube, clouds, at("default"), 3 * MINUTES);
    });
    print(`sidecars came: ${answered} rounds of requests answered; not answered: ${JSON.stringify(outages)}`);
    expect(answered).toBeGreaterThan(5);
    expectOneReplacement(outages);
  },
  20 * MINUTES,
);

test(
  "and to one whose PostgreSQL has three members, one after another; then nobody is let in without one",
  async () => {
    await untilCondition(bed.kube, clouds, at(replicated), { type: "MeshReady", status: "True" }, 8 * MINUTES);
    await untilReady(bed.kube, clouds, at(replicated), 3 * MINUTES);
    for (const cloud of ["default", replicated]) {
      const key = at(`${cloud}-postgresql-mesh`);
      const isClosed = async (): Promise<boolean> => {
        const found = await bed.kube.get(services, key);
        return found !== undefined && found.metadata.annotations?.[MARKS.clearPort] === undefined;
      };
      await eventually(`PostgreSQL of ${cloud} to let in by mutual TLS alone`, isClosed, { withinMs: 2 * MINUTES });
      const addresses = await addressesOf(bed, cloud, "postgresql");
      expect(addresses).toHaveLength(cloud === "default" ? 1 : 3);
      for (const address of addresses)
        for (const port of [PORTS.postgresql, PORTS.patroni])
          await eventually(`nobody to listen at ${address}:${port}`, async () => !(await listens(bed, address, port)));
      // Control: its sidecar does.
      expect(await listens(bed, addresses[0] ?? "", MESH_PORT)).toBe(true);
    }
  },
  15 * MINUTES,
);

describe("a Cloud with sidecars", () => {
  test("says who speaks by mutual TLS, and what is in clear text still", async () => {
    const { conditions } = (await bed.cloud()).status ?? {};
    const message = conditions?.find(({ type }) => type === "MeshReady")?.message;
    expect(message).toMatch(
      /^By mutual TLS: the operator; keystone to postgresql, memcached; barbican to keystone, postgresql, memcached; setup to postgresql\. In clear text still: whoever calls Keystone/,
    );
  });

  test(
    "is used by its tenant as before; no token of his passes the node in clear but by himself, and nothing to memcached",
    async () => {
      await work();
      const flows = await flowsOfValidation();
      expect(inClear(flows, "token")).toEqual([]);
      expect(inClear(flows, "key of a cached token")).toEqual([]);
      expect(flows.filter(({ targetPort }) => targetPort === PORTS.keystone || targetPort === PORTS.memcached)).toEqual(
        [],
      );
      // It is not that nothing was said.
      const keystones = await addressesOf(bed, "default", "keystone");
      const byMesh = flows.filter(({ target, targetPort }) => keystones.includes(target) && targetPort === MESH_PORT);
      expect(byMesh.some(({ bytes }) => bytes > 0)).toBe(true);
    },
    3 * MINUTES,
  );

  test(
    "has no SQL in clear, neither its services' nor its standbys'",
    async () => {
      const flows = await flowsOfSql();
      expect(flows.filter(({ found }) => found.length > 0)).toEqual([]);
      expect(ofDatabase(flows, await addressesOf(bed, replicated, "postgresql"))).toEqual([]);
      // It is not that nothing was said: to the primary, and by it to its standbys.
      const members = await addressesOf(bed, replicated, "postgresql");
      const byMesh = flows.filter(({ target, targetPort }) => members.includes(target) && targetPort === MESH_PORT);
      const callers = new Set(byMesh.filter(({ bytes }) => bytes > 0).map(({ source }) => source));
      expect(members.some((member) => callers.has(member))).toBe(true);
      expect((await addressesOf(bed, replicated, "barbican")).some((barbican) => callers.has(barbican))).toBe(true);
    },
    3 * MINUTES,
  );

  test(
    "goes on by another member when the primary is killed, and loses nothing; who comes back and who begins anew is told by mutual TLS",
    async () => {
      const untilWhole = (): Promise<true> =>
        eventually("three members", async () => (await bed.readyOf(MEMBERS)).length === 3, { withinMs: 2 * MINUTES });
      await untilWhole();
      const was = await eventually("a primary", primary);
      const name = unique("canary");
      const canary = await own.tenant.store("before it", name);
      let written: Awaited<ReturnType<typeof writeWhile>> | undefined;
      const flows = await captureWhile(bed.node, { name }, async () => {
        written = await writeWhile(own.tenant, async () => {
          await bed.kill(`${MEMBERS},nephele.dev/database-role=primary`);
          const another = async () => {
            const is = await primary();
            return is !== undefined && is.uid !== was.uid;
          };
          await eventually("a primary after it", another, { withinMs: MINUTES });
        });
        await untilWhole();
      });
      // One that has lost its volume copies all there is (pg_basebackup).
      const copied = await captureWhile(bed.node, { name }, async () => {
        const is = await eventually("a primary", primary);
        const standby = (await bed.namesOf(MEMBERS)).find((each) => each !== is.name) ?? "";
        const claim = at(`data-${standby}`);
        const uid = (await bed.kube.get(persistentVolumeClaims, claim))?.metadata.uid;
        await bed.kube.delete(persistentVolumeClaims, claim);
        await bed.kube.delete(pods, at(standby));
        const isAnother = async (): Promise<boolean> => {
          const found = await bed.kube.get(persistentVolumeClaims, claim);
          return found !== undefined && found.metadata.uid !== uid;
        };
        await eventually("another volume", isAnother, { withinMs: MINUTES });
        await untilWhole();
      });
      const { acknowledged, longestPauseMs, errors } = written ?? {
        acknowledged: new Map(),
        longestPauseMs: 0,
        errors: [],
      };
      const pause = (longestPauseMs / 1000).toFixed(1);
      print(`killed: ${acknowledged.size} writes acknowledged, ${errors.length} not, longest pause ${pause} s`);
      for (const [id, payload] of acknowledged) expect(await own.tenant.ask(id)).toBe(payload);
      expect(await own.tenant.ask(canary)).toBe("before it");
      expect(longestPauseMs).toBeLessThan(30_000);
      // The control: an outage that nobody saw would prove nothing.
      expect(errors.length > 0 || longestPauseMs > 1_000).toBe(true);
      const members = await addressesOf(bed, replicated, "postgresql");
      for (const seen of [flows, copied]) {
        expect(betweenOthers(seen).filter(({ found }) => found.length > 0)).toEqual([]);
        expect(ofDatabase(seen, members)).toEqual([]);
      }
    },
    6 * MINUTES,
  );

  const identity = (account: string): string => `spiffe://${TRUST_DOMAIN}/ns/${systemNamespace}/sa/${account}`;

  const keystone = {
    url: `https://default-keystone-mesh.${systemNamespace}.svc:${PORTS.keystone}/v3`,
    peer: identity("default-keystone"),
  };
  const postgresql = {
    url: `postgresql://default-postgresql-mesh.${systemNamespace}.svc:${PORTS.postgresql}`,
    peer: identity("default-postgresql"),
  };

  test.each<readonly [string, Pick<MeshCall, "url" | "peer">, string | undefined, RegExp]>([
    ["Keystone's sidecar with Barbican's identity is let in", keystone, "default-barbican", /^200$/],
    ["Keystone's sidecar with another of the Cloud's is refused", keystone, "default-memcached", /^403$/],
    ["Keystone's sidecar with nobody is refused before he can ask", keystone, undefined, /^refused: /],
    ["PostgreSQL's sidecar with Barbican's identity is let in", postgresql, "default-barbican", /^N$/],
    ["PostgreSQL's sidecar with another of the Cloud's is refused", postgresql, "default-memcached", /^refused: /],
    ["PostgreSQL's sidecar with nobody is refused before he can ask", postgresql, undefined, /^refused: /],
  ])(
    "whoever calls %s",
    async (_who, called, serviceAccount, answer) => {
      const [nephele] = await images(["nephele"], print);
      const call: MeshCall = {
        ...{ ...at(unique("caller")), serviceAccount, socketFolder: SOCKET_FOLDER, image: nephele?.reference ?? "" },
        // NetworkPolicies take it for one of Barbican's pods, so that the sidecar is what refuses it.
        labels: { "app.kubernetes.io/name": "barbican", "app.kubernetes.io/instance": "default" },
        ...called,
      };
      const { namespace, name } = call;
      await bed.kube.create(pods, meshCaller(call) as never);
      try {
        const over = async () => (await bed.kube.get(pods, { namespace, name }))?.status?.phase === "Succeeded";
        await eventually("the caller to be done", over, { withinMs: 2 * MINUTES });
        expect((await bed.node.run("logs", name, `--namespace=${namespace}`)).trim()).toMatch(answer);
        if (called === postgresql && serviceAccount !== undefined) {
          // Who called is told by the sidecar, and whether he was let in.
          const log = await bed.node.run("logs", "default-postgresql-0", "-c", "envoy", "-n", systemNamespace);
          const lines = log.split("\n").filter((line) => line.includes(`"peer":"${identity(serviceAccount)}"`));
          const refused = lines.filter((line) => line.includes("rbac_access_denied"));
          expect({ refused: refused.length > 0, seen: lines.length > 0 }).toEqual({
            refused: serviceAccount === "default-memcached",
            seen: true,
          });
        }
      } finally {
        await bed.kube.delete(pods, { namespace, name });
      }
    },
    3 * MINUTES,
  );
});

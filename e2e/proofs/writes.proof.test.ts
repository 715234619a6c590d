import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "#e2e/cluster/handle.ts";
import { operatorProcess } from "#e2e/cluster/operator.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type OperatorProcess, startOperator } from "#e2e/harness/operator-process.ts";
import {
  installWidgets,
  makeNamespace,
  makeWidget,
  removeWidgets,
  type Widget,
  widgets,
} from "#e2e/runtime/widgets.ts";
import { type GuestBed, openGuestBed, type Tenant } from "#e2e/scenarios/guest-bed.ts";
import { namespaces } from "#operator/api/foreign.ts";
import { clouds, flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import { type KubeObject, keyOf, keyText } from "#runtime/api/object.ts";
import { resourceName } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { defineController, type ReconcileContext } from "#runtime/controller/definition.ts";
import { settled } from "#runtime/controller/outcome.ts";
import { Manager } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { auditOffset, readAudit } from "./audit-log.ts";
import { countWrites, type Writes } from "./writes.ts";

// The writes of the operator as the API server counts them, whether or not they changed anything.

const OPERATOR = {
  user: "system:serviceaccount:nephele-system:nephele-operator",
  userAgent: /^nephele-operator\//,
};
const KINDS = [clouds, projects, flavors, images, secrets, servers] as const;
const RESYNC_SECONDS = 5;

let bed: GuestBed;
let tenant: Tenant;
let flavor: string;
/** What was written until all of it was Ready, and until the Server came, which writes on what it uses. */
let toReady: Writes;
let beforeServer: Writes;
/** Of the Project alone: what comes into it later is counted in its status. */
let project: Writes;
let operator: OperatorProcess | undefined;

beforeAll(async () => {
  bed = await openGuestBed();
  const from = auditOffset(bed.cluster.auditLogPath);
  tenant = await bed.tenant();
  project = countWrites(readAudit(bed.cluster.auditLogPath, from), OPERATOR);
  flavor = await bed.flavor("writes");
  await tenant.activeImage("disk");
  const metadata = { name: "password", namespace: tenant.name };
  const spec = { type: "passphrase", source: { generate: { length: 32 } }, protected: false };
  const secret = { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata, spec };
  await bed.kube.apply(secrets, secret, { fieldOwner: "test", force: true });
  await untilReady(bed.kube, secrets, metadata);
  await untilReady(bed.kube, flavors, { name: flavor });
  beforeServer = countWrites(readAudit(bed.cluster.auditLogPath, from), OPERATOR);
  await tenant.runningServer("guest", {
    flavorRef: { name: flavor },
    imageRef: { name: "disk" },
    rootDisk: { size: "1Gi" },
  });
  toReady = countWrites(readAudit(bed.cluster.auditLogPath, from), OPERATOR);
});

afterAll(async () => {
  const cluster = openCluster(bed.cluster.stateDir);
  await operator?.stop();
  // After a failed beforeAll, or a failed test, the cluster's own runs still.
  await cluster.stop(operatorProcess);
  cluster.start(operatorProcess);
  await bed.close();
});

/** What was written to an object, or to what was made for it. */
function about(writes: Writes, object: RegExp): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(writes.byObject).filter(([name]) => object.test(name)));
}

describe("writes on the way to Ready", () => {
  test("a Server costs four: its machine, its Service, and its status twice", () => {
    const writes = about(toReady, / t-guest-[^/]*\/guest/);
    expect(Object.keys(writes).length).toBeGreaterThanOrEqual(3);
    expect(
      Object.values(writes).reduce((sum, count) => sum + count, 0),
      JSON.stringify(writes),
    ).toBeLessThanOrEqual(4);
  });

  test("a Project, a Secret, a Flavor: two, the finalizer and the status", () => {
    const own = {
      ...about(project, /^projects\.nephele\.dev /),
      ...about(beforeServer, /^(secrets|flavors)\.nephele\.dev /),
    };
    expect(Object.keys(own)).toHaveLength(3);
    expect(Object.entries(own).filter(([, count]) => count > 2)).toEqual([]);
  });

  test("an Image: the finalizer, and its status for each thing that a person would see on the way, five at most", () => {
    const [image] = Object.values(about(beforeServer, /^images\.nephele\.dev /));
    expect(image).toBeLessThanOrEqual(6);
  });

  test("what is made in a Project's namespace is made by one write each", () => {
    const children = Object.entries(about(toReady, new RegExp(`^(?!\\S*nephele\\.dev).* ${tenant.name}/`)));
    expect(children.length).toBeGreaterThan(5);
    expect(Object.fromEntries(children.filter(([, count]) => count > 1))).toEqual({});
  });
});

describe("writes at rest", () => {
  test("none: not when the operator starts again, and not when it looks at every object again", async () => {
    const cluster = openCluster(bed.cluster.stateDir);
    const objects = await everyObject();
    expect(objects.length).toBeGreaterThanOrEqual(6);
    await cluster.stop(operatorProcess);
    // Users of Images and Flavors are counted every half a minute: a first operator ends what is outstanding.
    await untilLookedAt(objects, 1);
    await operator?.stop();
    const from = auditOffset(bed.cluster.auditLogPath);
    // Once because it is new to this process, once because its time has come.
    await untilLookedAt(objects, 2);
    const { total, events, byKind, byObject } = countWrites(readAudit(bed.cluster.auditLogPath, from), OPERATOR);
    expect({ total, events, byKind, byObject }).toEqual({ total: 0, events: 0, byKind: {}, byObject: {} });
  });

  test("control: a status that says something else at each look is seen", async () => {
    const namespace = unique("flaps");
    await installWidgets(bed.kube);
    await makeNamespace(bed.kube, namespace);
    const connection = await connect({ kubeconfig: bed.cluster.kubeconfigPath });
    const stop = new AbortController();
    let looks = 0;
    const flapping = defineController<Widget, ReconcileContext<Widget>>({
      name: "flapping",
      reconciles: widgets,
      scope: (context) => context,
      steps: [async () => settled()],
      status: () => ({ fields: { seenSize: ++looks } }),
    });
    const manager = new Manager({
      connection,
      userAgent: "flapping/1",
      controllers: () => [flapping],
      identity: unique("flapping"),
      log: createLogger({ level: "silent" }),
      resyncMs: 200,
    });
    const from = auditOffset(bed.cluster.auditLogPath);
    const running = manager.run(stop.signal);
    try {
      await makeWidget(bed.kube, namespace, "flaps", {});
      const flaps = `${resourceName(widgets)} ${namespace}/flaps`;
      await eventually("the writes to be counted", async () => {
        const events = readAudit(bed.cluster.auditLogPath, from);
        const { byObject } = countWrites(events, { user: "admin", userAgent: /^flapping\// });
        return (byObject[flaps] ?? 0) >= 4;
      });
    } finally {
      stop.abort();
      await running;
      await connection.close();
      await removeWidgets(bed.kube);
      await bed.kube.delete(namespaces, { name: namespace });
    }
  });
});

/** Starts an operator that looks at everything every few seconds, and waits until it has, so often. */
async function untilLookedAt(objects: readonly string[], times: number): Promise<void> {
  const logFile = join(bed.cluster.logsDir, `${unique("operator-at-rest")}.log`);
  operator = await startOperator({
    kubeconfig: join(bed.cluster.stateDir, "nephele-operator.kubeconfig"),
    logFile,
    args: ["--resync", String(RESYNC_SECONDS), "--log-level", "debug", "--identity", unique("rest")],
  });
  const missing = (): readonly string[] => objects.filter((object) => passes(logFile, object) < times);
  const options = { withinMs: 60_000, seen: missing };
  await eventually(`each object to be looked at ${times} times`, async () => missing().length === 0, options);
}

/** `servers.nephele.dev team-a/web-1` of all our objects in the cluster. */
async function everyObject(): Promise<readonly string[]> {
  const found = await Promise.all(
    KINDS.map(async (kind) =>
      (await bed.kube.list<KubeObject>(kind)).map((object) => `${resourceName(kind)} ${keyText(keyOf(object))}`),
    ),
  );
  return found.flat();
}

/** How often the log says that the object's own controller has looked at it. */
function passes(logFile: string, object: string): number {
  const kind = object.slice(0, object.indexOf(".")).replace(/s$/, "");
  return readFileSync(logFile, "utf8")
    .split("\n")
    .filter(
      (line) =>
        line.includes('"pass ended"') &&
        line.includes(`"controller":"${kind}"`) &&
        line.includes(`"object":"${object}"`),
    ).length;
}

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { halfOpen } from "#e2e/harness/console.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { persistentVolumeClaims } from "#operator/api/foreign.ts";
import { remoteConsoles, servers } from "#operator/api/resources.ts";
import { newToken } from "#operator/console-token.ts";
import {
  type ConsoleBed,
  type ConsoleProxy,
  type Consoles,
  openConsoleBed,
  serial,
  startConsoleProxy,
} from "./console-bed.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// What a RemoteConsole, its URL and connections to the proxy end with. A guest's open console is cut in console.node.test.ts.

let guests: GuestBed;
let team: Tenant;
let bed: ConsoleBed;
let consoles: Consoles;
let proxy: ConsoleProxy;

beforeAll(async () => {
  guests = await openGuestBed();
  team = await guests.tenant();
  bed = await openConsoleBed(guests, team);
  ({ consoles, proxy } = bed);
}, 240_000);
afterAll(async () => {
  await bed?.close();
  await guests?.close();
}, 180_000);

describe("remoteconsole", { timeout: 60_000 }, () => {
  test("a URL ends with its time, and is out of the Secret then", async () => {
    await consoles.make("late", { ...serial(), expiresAfter: "10s" });
    await untilReady(guests.kube, remoteConsoles, consoles.at("late"));
    const url = (await consoles.url("late")) ?? "";
    await consoles.untilPhase("late", "Expired");
    await bed.refused(url);
    await eventually("the URL to be out of the Secret", async () => (await consoles.url("late")) === undefined);
    const message = /nobody connected in 10s/;
    await untilCondition(guests.kube, remoteConsoles, consoles.at("late"), {
      type: "Stalled",
      status: "True",
      message,
    });
  });

  test("one that is finished is deleted after its time, and others are not", async () => {
    await consoles.make("brief", { ...serial(), expiresAfter: "10s", ttlSecondsAfterFinished: 1 });
    await consoles.make("stays", { ...serial(), expiresAfter: "10s" });
    await untilGone(guests.kube, remoteConsoles, consoles.at("brief"));
    await consoles.untilPhase("stays", "Expired");
    expect((await consoles.get("stays")).spec.ttlSecondsAfterFinished).toBe(3600);
  });

  test("dependency-deleted: it ends with its Server, and the next of that name is not meant", async () => {
    await team.runningServer("web-3", bed.serverSpec());
    const url = await consoles.issued("orphan", "web-3");
    await guests.kube.delete(servers, consoles.at("web-3"));
    await consoles.untilPhase("orphan", "Ended");
    await bed.refused(url);
    await untilGone(guests.kube, servers, consoles.at("web-3"));
    await team.server("web-3", bed.serverSpec());
    await bed.refused(url);
    expect((await consoles.get("orphan")).status?.phase).toBe("Ended");
  });

  test("one that waits is for the Server that it saw, and not for the next of that name", async () => {
    await team.server("web-4", bed.serverSpec());
    await consoles.make("waits", serial("web-4"));
    const seen = await eventually("the Server to be seen", async () => (await consoles.get("waits")).status?.serverUID);
    expect(seen).toBe((await guests.kube.get(servers, consoles.at("web-4")))?.metadata.uid);
    // The claim of its disk is made by KubeVirt in its own time, and goes after it: the next Server's is not to be taken for it.
    const disk = consoles.at("web-4-root-1");
    await eventually("its disk", () => guests.kube.get(persistentVolumeClaims, disk));
    await guests.kube.delete(servers, consoles.at("web-4"));
    await consoles.untilPhase("waits", "Ended");
    await untilGone(guests.kube, servers, consoles.at("web-4"));
    await untilGone(guests.kube, persistentVolumeClaims, disk);
    await team.runningServer("web-4", bed.serverSpec());
    expect((await consoles.get("waits")).status).toMatchObject({ phase: "Ended", serverUID: seen });
    expect(await consoles.url("waits")).toBeUndefined();
  });

  test("disabled: a Project that is disabled has no consoles, also where they are paused", async () => {
    const there = await bed.elsewhere();
    const url = await there.issued("look", "web-1");
    const annotations = { "nephele.dev/paused": "true" };
    await guests.kube.mergePatch(remoteConsoles, there.at("look"), { metadata: { annotations } });
    await guests.project(there.namespace, { enabled: false });
    await there.untilPhase("look", "Ended");
    await bed.refused(url);
  });
});

describe("strangers", { timeout: 60_000 }, () => {
  test("one that is refused and does not close for his part is closed", async () => {
    const stubborn = await halfOpen(proxy.port);
    await eventually("the connection to be closed", async () => stubborn.isClosed());
    expect(stubborn.heard()).toMatch(/^HTTP\/1.1 403 /);
  });

  test("a proxy stops although a connection waits, and another has said nothing", async () => {
    const stopping = await startConsoleProxy();
    const unknown = `/remoteconsoles/nobody/none?token=${newToken()}`;
    const [waits, silent] = [await halfOpen(stopping.port, unknown), await halfOpen(stopping.port, "")];
    // It was sent before this one, which is answered.
    expect(await stopping.connect("ws://localhost/nothing")).toMatchObject({ status: 403 });
    expect(waits.heard()).toBe("");
    await stopping.close();
    await eventually("the one that waits to be cut", async () => waits.isClosed());
    await eventually("the silent one to be cut", async () => silent.isClosed());
  });
});

test("no token of what has ended was logged", () => {
  expect(proxy.log()).toContain(`${team.name}/orphan`);
  expect(bed.tokensIn(proxy.log() + bed.operatorLog())).toEqual([]);
  // The control: they would be found.
  expect(bed.tokensIn([...consoles.issuedUrls()].join(" ")).length).toBeGreaterThan(2);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { remoteConsoles, servers } from "#operator/api/resources.ts";
import { hashOf } from "#operator/console-token.ts";
import {
  CONSOLES,
  type ConsoleBed,
  type ConsoleProxy,
  type Consoles,
  openConsoleBed,
  serial,
  tokenOf,
} from "./console-bed.ts";
import { openTenantBed, type Person, type TenantBed } from "./tenant-bed.ts";

// The object, its Secret, and who may have either. Whom its URL lets in: remoteconsole-admission.control.test.ts; what it ends
// with: remoteconsole-end.control.test.ts.

let guests: TenantBed;
let team: Person;
let reader: Person;
let bed: ConsoleBed;
let consoles: Consoles;
let proxy: ConsoleProxy;

beforeAll(async () => {
  guests = await openTenantBed();
  team = await guests.person("member");
  reader = await guests.person("reader");
  bed = await openConsoleBed(guests, team);
  ({ consoles, proxy } = bed);
}, 240_000);
afterAll(async () => {
  await bed?.close();
  await guests?.close();
}, 180_000);

describe("remoteconsole", { timeout: 60_000 }, () => {
  test("create-minimal: the URL is in the core Secret, and its token nowhere else", async () => {
    const url = await consoles.issued("minimal", "web-1");
    const request = await consoles.get("minimal");
    expect(request.spec.expiresAfter).toBe("10m");
    expect(request.status).toMatchObject({
      phase: "Issued",
      serverUID: (await guests.kube.get(servers, consoles.at("web-1")))?.metadata.uid,
      tokenHash: hashOf(tokenOf(url)),
      secret: { name: CONSOLES, key: "minimal" },
    });
    const lifeMs = Date.parse(request.status?.expiresAt ?? "") - Date.parse(request.metadata.creationTimestamp);
    expect(Math.abs(lifeMs - 600_000)).toBeLessThan(30_000);
    const events = await eventually("the event of the URL", async () => {
      const found = await eventsAbout(guests.kube, "RemoteConsole", consoles.at("minimal"));
      return found.some(({ reason }) => reason === "Issued") ? found : undefined;
    });
    expect(JSON.stringify([request, events])).not.toContain(tokenOf(url));
    // The control: it is what is looked for that the Secret holds.
    expect(await consoles.url("minimal")).toContain(tokenOf(url));
    expect((await guests.kube.get(coreSecrets, consoles.at(CONSOLES)))?.metadata.labels).toMatchObject({
      "nephele.dev/managed-by": "nephele-operator",
    });
  });

  test("create-full: a screen for a minute", async () => {
    await consoles.make("screen", { serverRef: { name: "web-1" }, protocol: "vnc", expiresAfter: "1m" });
    const { status, metadata } = await untilReady(guests.kube, remoteConsoles, consoles.at("screen"));
    expect(Date.parse(status?.expiresAt ?? "") - Date.parse(metadata.creationTimestamp)).toBeLessThan(90_000);
    const attempt = await proxy.connect((await consoles.url("screen")) ?? "");
    expect(attempt).toMatchObject({ kind: "refused", status: 502 });
  });

  test("update: neither Server nor life can be changed", async () => {
    await consoles.issued("fixed", "web-1");
    const patch = { spec: { serverRef: { name: "other" } } };
    await expect(guests.kube.mergePatch(remoteConsoles, consoles.at("fixed"), patch)).rejects.toThrow(
      /cannot be changed/,
    );
    await expect(
      guests.kube.mergePatch(remoteConsoles, consoles.at("fixed"), { spec: { expiresAfter: "1h" } }),
    ).rejects.toThrow(/cannot be changed/);
  });

  test("dependency-missing: it waits for a Server, and for it to run", async () => {
    await consoles.make("early", serial("web-2"));
    const waits = { type: "Ready", status: "False", message: /Waiting for Server web-2$/ };
    await untilCondition(guests.kube, remoteConsoles, consoles.at("early"), waits);
    await team.server("web-2", bed.serverSpec());
    const message = /Waiting for Server web-2 to run/;
    await untilCondition(guests.kube, remoteConsoles, consoles.at("early"), {
      type: "Ready",
      status: "False",
      message,
    });
    expect(await consoles.url("early")).toBeUndefined();
    await team.copied("web-2-root-1");
    await team.boot("web-2");
    await untilReady(guests.kube, remoteConsoles, consoles.at("early"));
  });

  test("conflict: a core Secret of somebody else's is left alone, and said", async () => {
    const there = await bed.elsewhere();
    const key = there.at(CONSOLES);
    await guests.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: key, data: { mine: "eA==" } });
    await there.make("look", serial());
    const message = /core Secret .*nephele-consoles exists and is not the operator's/;
    await untilCondition(guests.kube, remoteConsoles, there.at("look"), { type: "Stalled", status: "True", message });
    expect((await guests.kube.get(coreSecrets, key))?.data).toEqual({ mine: "eA==" });
  });

  test("external-deletion: without its Secret a URL is still good, and the next one brings it back", async () => {
    const url = await consoles.issued("kept", "web-1");
    await guests.kube.delete(coreSecrets, consoles.at(CONSOLES));
    await consoles.issued("next", "web-1");
    expect(await consoles.url("kept")).toBeUndefined();
    expect(await proxy.connect(url)).toMatchObject({ status: 502 });
  });

  test("service-down: where KubeVirt opens no console, that is said, and the URL is used up all the same", async () => {
    const url = await consoles.issued("unanswered", "web-1");
    const attempt = await proxy.connect(url);
    expect(attempt).toMatchObject({ status: 502, text: expect.stringMatching(/could not be opened/) });
    await consoles.untilPhase("unanswered", "Used");
    await bed.refused(url);
  });

  test("a URL that cannot be taken away for a time is taken away later, and why it is over is said", async () => {
    const there = await bed.elsewhere();
    await there.issued("stays", "web-1");
    await there.make("late", { ...serial(), expiresAfter: "10s" });
    await untilReady(guests.kube, remoteConsoles, there.at("late"));
    // The API server refuses each change of what is in it.
    await guests.kube.mergePatch(coreSecrets, there.at(CONSOLES), { immutable: true });
    const refusedWrite = { type: "Reconciling", status: "True", reason: "TransientError" };
    await untilCondition(guests.kube, remoteConsoles, there.at("late"), refusedWrite);
    expect((await there.get("late")).status).toMatchObject({
      phase: "Expired",
      secret: { name: CONSOLES, key: "late" },
    });
    const { metadata, data, type } = (await guests.kube.get(coreSecrets, there.at(CONSOLES))) ?? {};
    expect(Object.keys(data ?? {}).sort()).toEqual(["late", "stays"]);
    // The same again, and not immutable: only a change of ours takes the URL away.
    await guests.kube.delete(coreSecrets, there.at(CONSOLES));
    const { labels, ownerReferences } = metadata ?? {};
    const again = { ...there.at(CONSOLES), ...(labels && { labels }), ...(ownerReferences && { ownerReferences }) };
    await guests.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: again, data, type });
    await untilCondition(guests.kube, remoteConsoles, there.at("late"), {
      type: "Stalled",
      status: "True",
      message: /nobody connected in 10s/,
    });
    expect(await there.url("late")).toBeUndefined();
    expect(await there.url("stays")).toBeDefined();
    expect((await there.get("late")).status?.secret).toBeUndefined();
  });

  test("delete: the URL is good no more, and the Secret goes with the last", async () => {
    const there = await bed.elsewhere();
    const [one, two] = [await there.issued("one", "web-1"), await there.issued("two", "web-1")];
    await guests.kube.delete(remoteConsoles, there.at("one"));
    await untilGone(guests.kube, remoteConsoles, there.at("one"));
    await bed.refused(one);
    expect(await there.url("two")).toBe(two);
    await guests.kube.delete(remoteConsoles, there.at("two"));
    await untilGone(guests.kube, coreSecrets, there.at(CONSOLES));
  });

  test("paused: no URL is given until it is not", async () => {
    const paused = (value: string | null) => ({ metadata: { annotations: { "nephele.dev/paused": value } } });
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "RemoteConsole", spec: serial() };
    const metadata = { ...consoles.at("paused"), annotations: { "nephele.dev/paused": "true" } };
    await guests.kube.create(remoteConsoles, { ...object, metadata });
    await untilCondition(guests.kube, remoteConsoles, consoles.at("paused"), {
      type: "Reconciling",
      status: "False",
      reason: "Paused",
    });
    expect(await consoles.url("paused")).toBeUndefined();
    await guests.kube.mergePatch(remoteConsoles, consoles.at("paused"), paused(null));
    await untilReady(guests.kube, remoteConsoles, consoles.at("paused"));
  });
});

describe("who may", { timeout: 60_000 }, () => {
  test("a member makes a RemoteConsole and reads its URL, and no other core Secret", async () => {
    const said = await team.apply("RemoteConsole", "mine", serial());
    expect(said.ok, said.text).toBe(true);
    await untilReady(guests.kube, remoteConsoles, consoles.at("mine"));
    const read = ["get", "secret", CONSOLES, "-n", team.name, "-o", "jsonpath={.data.mine}"];
    const url = await team.kubectl(read);
    expect(Buffer.from(url.text, "base64").toString()).toBe(await consoles.url("mine"));
    for (const what of [
      ["get", "secrets"],
      ["get", "secret", "clouds"],
    ]) {
      const refusal = await team.kubectl([...what, "-n", team.name]);
      expect(refusal).toMatchObject({ ok: false, text: expect.stringMatching(/forbidden/i) });
    }
  });

  test("a reader makes none, and reads no URL", async () => {
    const said = await reader.apply("RemoteConsole", "theirs", serial());
    expect(said).toMatchObject({ ok: false, text: expect.stringMatching(/forbidden/i) });
    const read = await reader.kubectl(["get", "secret", CONSOLES, "-n", reader.name]);
    expect(read).toMatchObject({ ok: false, text: expect.stringMatching(/forbidden/i) });
    expect((await reader.kubectl(["get", "remoteconsoles", "-n", reader.name])).ok).toBe(true);
  });

  test("nobody else's Project: a member sees neither the request nor the URL of another", async () => {
    for (const what of ["remoteconsoles", `secret/${CONSOLES}`]) {
      const said = await reader.kubectl(["get", what, "-n", team.name]);
      expect(said).toMatchObject({ ok: false, text: expect.stringMatching(/forbidden/i) });
    }
  });
});

test("no token was logged by the proxy or the operator, and the logs are of these requests", () => {
  expect(proxy.log()).toContain(`${team.name}/unanswered`);
  // It says little of what goes well: this is the pass that failed above.
  expect(bed.operatorLog()).toMatch(/remoteconsoles\.nephele\.dev \S+\/late"/);
  expect(bed.tokensIn(proxy.log() + bed.operatorLog())).toEqual([]);
  // The control: they would be found.
  expect(bed.tokensIn([...consoles.issuedUrls()].join(" ")).length).toBeGreaterThan(5);
});

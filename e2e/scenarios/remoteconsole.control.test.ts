import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operatorProcess } from "#e2e/cluster/operator.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { halfOpen } from "#e2e/harness/console.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import { remoteConsoles, servers } from "#operator/api/resources.ts";
import { MOST_WAITING } from "#operator/console-proxy/serve-console.ts";
import { consoleAddressOf, hashOf, newToken } from "#operator/console-token.ts";
import { CONSOLES, type ConsoleProxy, type Consoles, consolesIn, startConsoleProxy } from "./console-bed.ts";
import { openTenantBed, type Person, type TenantBed } from "./tenant-bed.ts";

// Guests are played, so KubeVirt has no console to open: a URL that is let in comes as far as virt-api, which is real, and is
// told so by 502. Consoles of real guests are in console.node.test.ts.

const REFUSED = "this URL opens no console";

let bed: TenantBed;
let team: Person;
let reader: Person;
let small: string;
let consoles: Consoles;
let proxy: ConsoleProxy;

beforeAll(async () => {
  bed = await openTenantBed();
  team = await bed.person("member");
  reader = await bed.person("reader");
  small = await bed.flavor("small");
  await team.activeImage("debian");
  await team.runningServer("web-1", spec());
  consoles = consolesIn(bed.kube, team.name);
  proxy = await startConsoleProxy();
}, 240_000);
afterAll(async () => {
  await proxy?.close();
  await bed?.close();
}, 180_000);

const at = (name: string) => ({ namespace: team.name, name });
const spec = () => ({ flavorRef: { name: small }, imageRef: { name: "debian" } });
const serial = (server = "web-1") => ({ serverRef: { name: server }, protocol: "serial" }) as const;
const tokenOf = (url: string): string => consoleAddressOf(url.slice("ws://localhost:6083".length))?.token ?? "";
const get = async (name: string): Promise<RemoteConsole> => {
  const found = await bed.kube.get(remoteConsoles, at(name));
  if (found === undefined) throw new Error(`there is no RemoteConsole ${name}`);
  return found;
};
const untilPhase = (name: string, phase: string): Promise<RemoteConsole> =>
  eventually(`RemoteConsole ${name} to be ${phase}`, async () => {
    const found = await bed.kube.get(remoteConsoles, at(name));
    return found?.status?.phase === phase ? found : undefined;
  });
const refused = async (url: string, options?: { readonly origin?: string }): Promise<void> => {
  const attempt = await proxy.connect(url, options);
  expect(attempt).toMatchObject({ kind: "refused", status: 403, text: expect.stringContaining(REFUSED) });
};

describe("remoteconsole", { timeout: 60_000 }, () => {
  test("create-minimal: the URL is in the core Secret, and its token nowhere else", async () => {
    const url = await consoles.issued("minimal", "web-1");
    const request = await get("minimal");
    expect(request.spec.expiresAfter).toBe("10m");
    expect(request.status).toMatchObject({
      phase: "Issued",
      serverUID: (await bed.kube.get(servers, at("web-1")))?.metadata.uid,
      tokenHash: hashOf(tokenOf(url)),
      secret: { name: CONSOLES, key: "minimal" },
    });
    const lifeMs = Date.parse(request.status?.expiresAt ?? "") - Date.parse(request.metadata.creationTimestamp);
    expect(Math.abs(lifeMs - 600_000)).toBeLessThan(30_000);
    const events = await eventually("the event of the URL", async () => {
      const found = await eventsAbout(bed.kube, "RemoteConsole", at("minimal"));
      return found.some(({ reason }) => reason === "Issued") ? found : undefined;
    });
    expect(JSON.stringify([request, events])).not.toContain(tokenOf(url));
    // The control: it is what is looked for that the Secret holds.
    expect(await consoles.url("minimal")).toContain(tokenOf(url));
    expect((await bed.kube.get(coreSecrets, at(CONSOLES)))?.metadata.labels).toMatchObject({
      "nephele.dev/managed-by": "nephele-operator",
    });
  });

  test("create-full: a screen for a minute", async () => {
    await consoles.make("screen", { serverRef: { name: "web-1" }, protocol: "vnc", expiresAfter: "1m" });
    const { status, metadata } = await untilReady(bed.kube, remoteConsoles, at("screen"));
    expect(Date.parse(status?.expiresAt ?? "") - Date.parse(metadata.creationTimestamp)).toBeLessThan(90_000);
    const attempt = await proxy.connect((await consoles.url("screen")) ?? "");
    expect(attempt).toMatchObject({ kind: "refused", status: 502 });
  });

  test("update: neither Server nor life can be changed", async () => {
    await consoles.issued("fixed", "web-1");
    const patch = { spec: { serverRef: { name: "other" } } };
    await expect(bed.kube.mergePatch(remoteConsoles, at("fixed"), patch)).rejects.toThrow(/cannot be changed/);
    await expect(bed.kube.mergePatch(remoteConsoles, at("fixed"), { spec: { expiresAfter: "1h" } })).rejects.toThrow(
      /cannot be changed/,
    );
  });

  test("a URL is used once: of twenty who have it one comes to KubeVirt, and it leaves the Secret", async () => {
    const url = await consoles.issued("once", "web-1");
    const attempts = await Promise.all(Array.from({ length: 20 }, () => proxy.connect(url)));
    const codes = attempts.map((attempt) => (attempt.kind === "refused" ? attempt.status : 101)).sort((a, b) => a - b);
    expect(codes).toEqual([...Array.from({ length: 19 }, () => 403), 502]);
    const { status } = await untilPhase("once", "Used");
    expect(status?.usedAt).toBeDefined();
    expect(status?.secret).toBeUndefined();
    await eventually("the URL to be out of the Secret", async () => (await consoles.url("once")) === undefined);
    await refused(url);
  });

  test("two proxies let one in", async () => {
    const other = await startConsoleProxy();
    try {
      const url = await consoles.issued("raced", "web-1");
      const attempts = await Promise.all([proxy, other, proxy, other].map((each) => each.connect(url)));
      const codes = attempts
        .map((attempt) => (attempt.kind === "refused" ? attempt.status : 101))
        .sort((a, b) => a - b);
      expect(codes).toEqual([403, 403, 403, 502]);
    } finally {
      await other.close();
    }
  });

  test("whatever is wrong with a URL, the answer is the same, and a wrong one uses nothing up", async () => {
    const url = await consoles.issued("guessed", "web-1");
    const wrong = [
      url.replace(tokenOf(url), newToken()),
      url.replace("/guessed?", "/another?"),
      url.replace(`/${team.name}/`, `/${reader.name}/`),
      url.slice(0, -1),
      `${url}&next=https://elsewhere.example`,
      url.replace("/remoteconsoles/", "/"),
    ];
    const answers = await Promise.all(wrong.map((each) => proxy.connect(each)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await refused(wrong[0] ?? "");
    // A page of another origin, with the right URL.
    await refused(url, { origin: "https://elsewhere.example" });
    expect((await get("guessed")).status?.phase).toBe("Issued");
    expect(await proxy.connect(url, { origin: "http://localhost:6083" })).toMatchObject({ status: 502 });
  });

  test("a URL ends with its time, and is out of the Secret then", async () => {
    await consoles.make("late", { ...serial(), expiresAfter: "10s" });
    await untilReady(bed.kube, remoteConsoles, at("late"));
    const url = (await consoles.url("late")) ?? "";
    await untilPhase("late", "Expired");
    await refused(url);
    await eventually("the URL to be out of the Secret", async () => (await consoles.url("late")) === undefined);
    const message = /nobody connected in 10s/;
    await untilCondition(bed.kube, remoteConsoles, at("late"), { type: "Stalled", status: "True", message });
  });

  test("a URL that cannot be taken away for a time is taken away later, and why it is over is said", async () => {
    const other = await bed.tenant();
    await other.activeImage("debian");
    await other.runningServer("web-1", spec());
    const there = consolesIn(bed.kube, other.name);
    const key = (name: string) => ({ namespace: other.name, name });
    await there.issued("stays", "web-1");
    await there.make("late", { ...serial(), expiresAfter: "10s" });
    await untilReady(bed.kube, remoteConsoles, key("late"));
    // The API server refuses each change of what is in it.
    await bed.kube.mergePatch(coreSecrets, key(CONSOLES), { immutable: true });
    const refusedWrite = { type: "Reconciling", status: "True", reason: "TransientError" };
    await untilCondition(bed.kube, remoteConsoles, key("late"), refusedWrite);
    const failed = await bed.kube.get(remoteConsoles, key("late"));
    expect(failed?.status).toMatchObject({ phase: "Expired", secret: { name: CONSOLES, key: "late" } });
    const { metadata, data, type } = (await bed.kube.get(coreSecrets, key(CONSOLES))) ?? {};
    expect(Object.keys(data ?? {}).sort()).toEqual(["late", "stays"]);
    // The same again, and not immutable: only a change of ours takes the URL away.
    await bed.kube.delete(coreSecrets, key(CONSOLES));
    const { labels, ownerReferences } = metadata ?? {};
    const again = { ...key(CONSOLES), ...(labels && { labels }), ...(ownerReferences && { ownerReferences }) };
    await bed.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: again, data, type });
    await untilCondition(bed.kube, remoteConsoles, key("late"), {
      type: "Stalled",
      status: "True",
      message: /nobody connected in 10s/,
    });
    expect(await there.url("late")).toBeUndefined();
    expect(await there.url("stays")).toBeDefined();
    expect((await bed.kube.get(remoteConsoles, key("late")))?.status?.secret).toBeUndefined();
  });

  test("one that is finished is deleted after its time, and others are not", async () => {
    await consoles.make("brief", { ...serial(), expiresAfter: "10s", ttlSecondsAfterFinished: 1 });
    await consoles.make("stays", { ...serial(), expiresAfter: "10s" });
    await untilGone(bed.kube, remoteConsoles, at("brief"));
    await untilPhase("stays", "Expired");
    expect((await get("stays")).spec.ttlSecondsAfterFinished).toBe(3600);
  });

  test("dependency-missing: it waits for a Server, and for it to run", async () => {
    await consoles.make("early", serial("web-2"));
    const waits = { type: "Ready", status: "False", message: /Waiting for Server web-2$/ };
    await untilCondition(bed.kube, remoteConsoles, at("early"), waits);
    await team.server("web-2", spec());
    const message = /Waiting for Server web-2 to run/;
    await untilCondition(bed.kube, remoteConsoles, at("early"), { type: "Ready", status: "False", message });
    expect(await consoles.url("early")).toBeUndefined();
    await team.copied("web-2-root-1");
    await team.boot("web-2");
    await untilReady(bed.kube, remoteConsoles, at("early"));
  });

  test("dependency-deleted: it ends with its Server, and the next of that name is not meant", async () => {
    await team.runningServer("web-3", spec());
    const url = await consoles.issued("orphan", "web-3");
    await bed.kube.delete(servers, at("web-3"));
    await untilPhase("orphan", "Ended");
    await refused(url);
    await untilGone(bed.kube, servers, at("web-3"));
    await team.server("web-3", spec());
    await refused(url);
    expect((await get("orphan")).status?.phase).toBe("Ended");
  });

  test("one that waits is for the Server that it saw, and not for the next of that name", async () => {
    await team.server("web-4", spec());
    await consoles.make("waits", serial("web-4"));
    const seen = await eventually("the Server to be seen", async () => (await get("waits")).status?.serverUID);
    expect(seen).toBe((await bed.kube.get(servers, at("web-4")))?.metadata.uid);
    await bed.kube.delete(servers, at("web-4"));
    await untilPhase("waits", "Ended");
    await untilGone(bed.kube, servers, at("web-4"));
    await team.runningServer("web-4", spec());
    expect((await get("waits")).status).toMatchObject({ phase: "Ended", serverUID: seen });
    expect(await consoles.url("waits")).toBeUndefined();
  });

  test("conflict: a core Secret of somebody else's is left alone, and said", async () => {
    const other = await bed.tenant();
    await other.activeImage("debian");
    await other.runningServer("web-1", spec());
    const key = { namespace: other.name, name: CONSOLES };
    await bed.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: key, data: { mine: "eA==" } });
    const there = consolesIn(bed.kube, other.name);
    await there.make("look", serial());
    const message = /core Secret .*nephele-consoles exists and is not the operator's/;
    const at = { namespace: other.name, name: "look" };
    await untilCondition(bed.kube, remoteConsoles, at, { type: "Stalled", status: "True", message });
    expect((await bed.kube.get(coreSecrets, key))?.data).toEqual({ mine: "eA==" });
  });

  test("external-deletion: without its Secret a URL is still good, and the next one brings it back", async () => {
    const url = await consoles.issued("kept", "web-1");
    await bed.kube.delete(coreSecrets, at(CONSOLES));
    await consoles.issued("next", "web-1");
    expect(await consoles.url("kept")).toBeUndefined();
    expect(await proxy.connect(url)).toMatchObject({ status: 502 });
  });

  test("service-down: where KubeVirt opens no console, that is said, and the URL is used up all the same", async () => {
    const url = await consoles.issued("unanswered", "web-1");
    const attempt = await proxy.connect(url);
    expect(attempt).toMatchObject({ status: 502, text: expect.stringMatching(/could not be opened/) });
    await untilPhase("unanswered", "Used");
    await refused(url);
  });

  test("delete: the URL is good no more, and the Secret goes with the last", async () => {
    const other = await bed.tenant();
    await other.activeImage("debian");
    await other.runningServer("web-1", spec());
    const there = consolesIn(bed.kube, other.name);
    const [one, two] = [await there.issued("one", "web-1"), await there.issued("two", "web-1")];
    const key = (name: string) => ({ namespace: other.name, name });
    await bed.kube.delete(remoteConsoles, key("one"));
    await untilGone(bed.kube, remoteConsoles, key("one"));
    await refused(one);
    expect(await there.url("two")).toBe(two);
    await bed.kube.delete(remoteConsoles, key("two"));
    await untilGone(bed.kube, coreSecrets, key(CONSOLES));
  });

  test("paused: no URL is given until it is not", async () => {
    const paused = (value: string | null) => ({ metadata: { annotations: { "nephele.dev/paused": value } } });
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "RemoteConsole", spec: serial() };
    const metadata = { ...at("paused"), annotations: { "nephele.dev/paused": "true" } };
    await bed.kube.create(remoteConsoles, { ...object, metadata });
    await untilCondition(bed.kube, remoteConsoles, at("paused"), {
      type: "Reconciling",
      status: "False",
      reason: "Paused",
    });
    expect(await consoles.url("paused")).toBeUndefined();
    await bed.kube.mergePatch(remoteConsoles, at("paused"), paused(null));
    await untilReady(bed.kube, remoteConsoles, at("paused"));
  });

  test("disabled: a Project that is disabled has no consoles, also where they are paused", async () => {
    const other = await bed.tenant();
    await other.activeImage("debian");
    await other.runningServer("web-1", spec());
    const there = consolesIn(bed.kube, other.name);
    const url = await there.issued("look", "web-1");
    const key = { namespace: other.name, name: "look" };
    const annotations = { "nephele.dev/paused": "true" };
    await bed.kube.mergePatch(remoteConsoles, key, { metadata: { annotations } });
    await bed.project(other.name, { enabled: false });
    await eventually("the console to end", async () => {
      return (await bed.kube.get(remoteConsoles, key))?.status?.phase === "Ended";
    });
    await refused(url);
  });
});

describe("who may", { timeout: 60_000 }, () => {
  test("a member makes a RemoteConsole and reads its URL, and no other core Secret", async () => {
    const said = await team.apply("RemoteConsole", "mine", serial());
    expect(said.ok, said.text).toBe(true);
    await untilReady(bed.kube, remoteConsoles, at("mine"));
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

describe("strangers", { timeout: 60_000 }, () => {
  test("as many as like keep nobody out who has a URL, and are refused at once when there are too many", async () => {
    const url = await consoles.issued("wanted", "web-1");
    const unknown = () => proxy.connect(url.replace("/wanted?", "/unknown?").replace(tokenOf(url), newToken()));
    const began = performance.now();
    const strangers = Array.from({ length: MOST_WAITING + 50 }, () => unknown().then(() => performance.now() - began));
    const first = await Promise.race(strangers);
    // Now all the places are taken; some have been refused already.
    expect(await proxy.connect(url)).toMatchObject({ status: 502 });
    const times = (await Promise.all(strangers)).sort((a, b) => a - b);
    expect(times[0]).toBe(first);
    // The control: those who had a place waited their second.
    expect((times[MOST_WAITING + 49] ?? 0) - first).toBeGreaterThan(500);
    await refused(url);
  });

  test("what can be no URL, and a page of elsewhere, take no place and no time", async () => {
    const url = await consoles.issued("paged", "web-1");
    const began = performance.now();
    await refused(url.slice(0, -1));
    await refused(url, { origin: "https://elsewhere.example" });
    const fast = performance.now() - began;
    const known = performance.now();
    await refused(url.replace(tokenOf(url), newToken()));
    expect(performance.now() - known).toBeGreaterThan(900);
    expect(fast).toBeLessThan(900);
  });

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

test("no token was logged by the proxy or the operator, and the logs are of these requests", () => {
  const operator = readFileSync(join(bed.cluster.logsDir, `${operatorProcess}.log`), "utf8");
  const tokens = [...consoles.issuedUrls()].map(tokenOf);
  expect(tokens.length).toBeGreaterThan(5);
  expect(proxy.log()).toContain(`${team.name}/once`);
  // It says little of what goes well: this is the pass that failed above.
  expect(operator).toMatch(/remoteconsoles\.nephele\.dev \S+\/late"/);
  for (const log of [proxy.log(), operator])
    expect(tokens.filter((token) => token === "" || log.includes(token))).toEqual([]);
  // The control: they would be found.
  expect(tokens.every((token) => `a line with ${tokens.join(" ")}`.includes(token))).toBe(true);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { MOST_WAITING } from "#operator/console-proxy/serve-console.ts";
import { newToken } from "#operator/console-token.ts";
import {
  type ConsoleBed,
  type ConsoleProxy,
  type Consoles,
  openConsoleBed,
  startConsoleProxy,
  tokenOf,
} from "./console-bed.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// Whom a console proxy lets in, and what strangers come to.

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
  test("a URL is used once: of twenty who have it one comes to KubeVirt, and it leaves the Secret", async () => {
    const url = await consoles.issued("once", "web-1");
    const attempts = await Promise.all(Array.from({ length: 20 }, () => proxy.connect(url)));
    const codes = attempts.map((attempt) => (attempt.kind === "refused" ? attempt.status : 101)).sort((a, b) => a - b);
    expect(codes).toEqual([...Array.from({ length: 19 }, () => 403), 502]);
    const { status } = await consoles.untilPhase("once", "Used");
    expect(status?.usedAt).toBeDefined();
    expect(status?.secret).toBeUndefined();
    await eventually("the URL to be out of the Secret", async () => (await consoles.url("once")) === undefined);
    await bed.refused(url);
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
    const { name: another } = await guests.tenant();
    const url = await consoles.issued("guessed", "web-1");
    const wrong = [
      url.replace(tokenOf(url), newToken()),
      url.replace("/guessed?", "/another?"),
      url.replace(`/${team.name}/`, `/${another}/`),
      url.slice(0, -1),
      `${url}&next=https://elsewhere.example`,
      url.replace("/remoteconsoles/", "/"),
    ];
    const answers = await Promise.all(wrong.map((each) => proxy.connect(each)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await bed.refused(wrong[0] ?? "");
    // A page of another origin, with the right URL.
    await bed.refused(url, { origin: "https://elsewhere.example" });
    expect((await consoles.get("guessed")).status?.phase).toBe("Issued");
    expect(await proxy.connect(url, { origin: "http://localhost:6083" })).toMatchObject({ status: 502 });
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
    await bed.refused(url);
  });

  test("what can be no URL, and a page of elsewhere, take no place and no time", async () => {
    const url = await consoles.issued("paged", "web-1");
    const began = performance.now();
    await bed.refused(url.slice(0, -1));
    await bed.refused(url, { origin: "https://elsewhere.example" });
    const fast = performance.now() - began;
    const known = performance.now();
    await bed.refused(url.replace(tokenOf(url), newToken()));
    expect(performance.now() - known).toBeGreaterThan(900);
    expect(fast).toBeLessThan(900);
  });
});

test("no token of those who were let in or refused was logged", () => {
  expect(proxy.log()).toContain(`${team.name}/once`);
  expect(bed.tokensIn(proxy.log() + bed.operatorLog())).toEqual([]);
  // The control: they would be found.
  expect(bed.tokensIn([...consoles.issuedUrls()].join(" ")).length).toBeGreaterThan(3);
});

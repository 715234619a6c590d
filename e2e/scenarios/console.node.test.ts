import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { untilGone } from "#e2e/harness/conditions.ts";
import { at, connectTo } from "#e2e/harness/console.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openRelease } from "#e2e/node/nephele.ts";
import { remoteConsoles, servers } from "#operator/api/resources.ts";
import { type Consoles, consolesIn } from "./console-bed.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// Consoles of a guest that runs, through the proxy as the chart deploys it, with its own account's rights.

const MINUTES = 60_000;
const ENTER = "\r";

let real: RealGuests;
let consoles: Consoles;
let way: Awaited<ReturnType<RealGuests["node"]["reach"]>>;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  const release = await openRelease(real.node, (line) => void process.stderr.write(`${line}\n`));
  await release.upgrade("5m", ["console.enabled=true"]);
  const service = ["get", "service", "nephele-console", `--namespace=${systemNamespace}`];
  const address = await real.node.run(...service, "--output=jsonpath={.spec.clusterIP}");
  way = await real.node.reach(`${address}:6083`);
  consoles = consolesIn(real.bed.kube, real.team);
  const small = await real.flavor("small");
  await real.image("tiny");
  await real.activeImage("tiny");
  for (const name of ["web-1", "web-2"])
    await real.apply(name, { flavorRef: { name: small }, imageRef: { name: "tiny" } });
  for (const name of ["web-1", "web-2"]) await real.activeServer(name);
}, 20 * MINUTES);
afterAll(async () => {
  way?.close();
  await real?.close();
}, 10 * MINUTES);

/** A connection as a client of WebSockets has it. */
interface Line {
  /** All that came, one character a byte. */
  heard(): string;
  say(text: string): void;
  isOpen(): boolean;
  close(): void;
}

const here = (url: string): string => at(url, `127.0.0.1:${way.port}`);

async function open(url: string): Promise<Line> {
  const socket = new WebSocket(here(url));
  socket.binaryType = "arraybuffer";
  let heard = "";
  socket.addEventListener("message", ({ data }) => {
    heard += Buffer.from(data as ArrayBuffer).toString("latin1");
  });
  await eventually("the console to open", async () => {
    if (socket.readyState === WebSocket.CLOSED) throw new Error("it was refused");
    return socket.readyState === WebSocket.OPEN;
  });
  return {
    heard: () => heard,
    say: (text) => socket.send(Buffer.from(text, "latin1")),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.close(),
  };
}

/** Types until the shell answers, since whoever comes late has not seen its prompt. */
async function shell(line: Line): Promise<void> {
  await eventually(
    "the guest's shell",
    async () => {
      line.say(ENTER);
      return line.heard().includes("# ");
    },
    { withinMs: MINUTES, seen: () => line.heard() },
  );
}

describe("the console of a guest that runs", { timeout: 3 * MINUTES }, () => {
  test("serial: what is typed is done, and its answer is read; the URL opens nothing a second time", async () => {
    const url = await consoles.issued("serial", "web-1");
    const line = await open(url);
    await shell(line);
    // Not what is echoed: what the guest makes of it.
    line.say(`echo answer-$((6*7))-$(hostname)${ENTER}`);
    await eventually("the answer", async () => line.heard().includes("answer-42-web-1"), { seen: () => line.heard() });
    expect(await connectTo(here(url))).toMatchObject({ kind: "refused", status: 403 });
    expect(line.isOpen()).toBe(true);
    line.close();
  });

  test("its log is kept by the launcher, whose name an event says; another guest's does not hold it", async () => {
    const log = async (name: string): Promise<string> => {
      const events = await eventsAbout(real.bed.kube, "VirtualMachineInstance", real.at(name));
      const created = events.find(({ reason }) => reason === "SuccessfulCreate")?.note ?? "";
      const launcher = /virt-launcher-[\w-]+/.exec(created)?.[0];
      const path = `/api/v1/namespaces/${real.team}/pods/${launcher}/log?container=guest-console-log`;
      return await real.node.run("get", "--raw", path);
    };
    await eventually("the log to hold what was said", async () => (await log("web-1")).includes("answer-42-web-1"));
    expect(await log("web-2")).not.toContain("answer-42-web-1");
  });

  test("vnc: the screen speaks RFB 3.8, and goes on with who does", async () => {
    const line = await open(await consoles.issued("screen", "web-1", "vnc"));
    await eventually("the screen's first word", async () => line.heard().length >= 12);
    expect(line.heard()).toBe("RFB 003.008\n");
    line.say("RFB 003.008\n");
    // RFC 6143, 7.1.2: how many kinds of security there are, and which; 1 is none.
    await eventually("its kinds of security", async () => line.heard().length >= 14);
    expect(line.heard().slice(12)).toBe("\x01\x01");
    line.close();
  });

  test("a connection is cut when its RemoteConsole is deleted, and another's goes on", async () => {
    const [first, other] = [
      await open(await consoles.issued("cut", "web-1")),
      await open(await consoles.issued("kept", "web-2")),
    ];
    await shell(other);
    await real.bed.kube.delete(remoteConsoles, real.at("cut"));
    await eventually("the connection to be cut", async () => !first.isOpen());
    other.say(`echo still-$((40+2))${ENTER}`);
    await eventually("the other's answer", async () => other.heard().includes("still-42"), {
      seen: () => other.heard(),
    });
    other.close();
  });

  test("a connection ends with its Server", async () => {
    const line = await open(await consoles.issued("last", "web-2"));
    await real.bed.kube.delete(servers, real.at("web-2"));
    await eventually("the connection to end", async () => !line.isOpen(), { withinMs: MINUTES });
    await eventually("the RemoteConsole to say so", async () => {
      return (await real.bed.kube.get(remoteConsoles, real.at("last")))?.status?.phase === "Ended";
    });
    await untilGone(real.bed.kube, servers, real.at("web-2"), 3 * MINUTES);
  });

  test("the proxy's log says who was let in, and no token", async () => {
    const log = await real.node.run("logs", `--namespace=${systemNamespace}`, "deployment/nephele-console");
    expect(log).toContain(`${real.team}/serial`);
    const tokens = [...consoles.issuedUrls()].map((url) => new URL(url).searchParams.get("token") ?? "");
    expect(tokens.length).toBeGreaterThan(0);
    expect(tokens.filter((token) => token === "" || log.includes(token))).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstack, payloadOf } from "#e2e/node/openstack.ts";
import { searchNode } from "#e2e/proofs/canary/node.ts";
import { judge } from "#e2e/proofs/canary/report.ts";
import type { Canary } from "#e2e/proofs/canary/search.ts";
import { pods } from "#operator/api/foreign.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { secrets, servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A Secret that changes, is revoked, or is deleted while a guest uses it: what the guest has, what is said of it, and where
// on the node its payload stands.

const MINUTES = 60_000;
const FILE = "/etc/app/db-password";

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  const small = await real.flavor("small");
  await real.image("tiny");
  await real.secret("password", { type: "passphrase", source: { generate: { length: 32 } } });
  await real.activeImage("tiny");
  const files = [{ path: FILE, mode: "0400", secretRef: { name: "password" } }];
  await real.apply("web-1", { flavorRef: { name: small }, imageRef: { name: "tiny" }, files });
  await untilReady(real.bed.kube, servers, real.at("web-1"), 5 * MINUTES);
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

const filesCurrent = (status: "True" | "False", reason: "Current" | "NextStart" | "Awaited") =>
  untilCondition(real.bed.kube, servers, real.at("web-1"), { type: "FilesCurrent", status, reason }, MINUTES);

/** Waits for a state with nothing under way. */
const untilState = (state: "ACTIVE" | "SHUTOFF"): Promise<true> =>
  eventually(
    `the Server to be ${state}`,
    async () => {
      const { status } = await real.server("web-1");
      return status?.state === state && status.taskState === undefined ? true : undefined;
    },
    { withinMs: 3 * MINUTES },
  );

async function annotate(name: string, value: string): Promise<void> {
  const annotations = { [`nephele.dev/${name}`]: value };
  await real.bed.kube.mergePatch(secrets, real.at("password"), { metadata: { annotations } });
}

/** Waits for a version of the Secret, and asks Barbican what it holds. Never shown: compared only. */
async function heldIn(version: number, name = "password"): Promise<string> {
  const { status } = await eventually(
    `version ${version} of the Secret ${name}`,
    async () => {
      const found = (await real.bed.kube.get(secrets, real.at(name))) as Secret;
      return found.status?.version === version ? found : undefined;
    },
    { withinMs: MINUTES },
  );
  const href = status?.versions?.find((candidate) => candidate.version === version)?.refs.secret ?? "";
  return payloadOf(real.node, real.team, href);
}

async function reboot(): Promise<void> {
  const requestedAt = timeText(new Date());
  await real.patch("web-1", { reboot: { requestedAt, type: "Soft", hardAfter: "60s" } });
  await eventually(
    "the reboot to be done",
    async () => {
      const { reboot: told } = (await real.server("web-1")).status ?? {};
      return told?.requestedAt === requestedAt && told.doneAt !== undefined;
    },
    { withinMs: 3 * MINUTES },
  );
}

describe("a Secret in a guest, while it changes", { timeout: 10 * MINUTES }, () => {
  let first: string;

  test("the guest has what Barbican holds, and that is said", async () => {
    first = await heldIn(1);
    expect(first).toHaveLength(32);
    expect((await real.fileOf("web-1", FILE)) === first).toBe(true);
    await filesCurrent("True", "Current");
  });

  test("rotated: what is to come is said, the guest goes on, and its next start brings it", async () => {
    await annotate("rotate-requested-at", timeText(new Date()));
    const second = await heldIn(2);
    const server = await filesCurrent("False", "NextStart");
    expect(server.status?.state).toBe("ACTIVE");
    expect((await real.fileOf("web-1", FILE)) === first).toBe(true);
    await reboot();
    await filesCurrent("True", "Current");
    const seen = await real.fileOf("web-1", FILE);
    expect(seen === second).toBe(true);
    expect(seen === first).toBe(false);
  });

  test("revoked in Barbican: another version is made, and the guest gets it at its next start", async () => {
    const status = (await real.bed.kube.get(secrets, real.at("password")))?.status;
    const href = status?.versions?.find(({ version }) => version === 2)?.refs.secret ?? "";
    // The client does not delete what has consumers without being told twice.
    expect(await openstack(real.node, real.team, "secret", "delete", "--force", href)).toMatchObject({ ok: true });
    await annotate("compare-at", timeText(new Date()));
    const third = await heldIn(3);
    await filesCurrent("False", "NextStart");
    await reboot();
    expect((await real.fileOf("web-1", FILE)) === third).toBe(true);
  });

  test("deleted: it stays while it is used; the Server says so, keeps its file, and can be rebooted and stopped", async () => {
    await real.bed.kube.delete(secrets, real.at("password"));
    const used = { type: "Ready", status: "False", message: /web-1/ } as const;
    await untilCondition(real.bed.kube, secrets, real.at("password"), used, MINUTES);
    const waits = { type: "Ready", status: "False", message: /password, which is being deleted/ } as const;
    await untilCondition(real.bed.kube, servers, real.at("web-1"), waits, MINUTES);
    await filesCurrent("False", "Awaited");
    const before = await real.fileOf("web-1", FILE);
    await reboot();
    expect((await real.fileOf("web-1", FILE)) === before).toBe(true);
    await real.patch("web-1", { power: "Stopped" });
    await untilState("SHUTOFF");
    await real.patch("web-1", { power: "Running" });
    await untilState("ACTIVE");
    expect((await real.fileOf("web-1", FILE)) === before).toBe(true);
  });

  test("taken out of the Server, it goes; the guest has its copy until its next start, and that is said", async () => {
    await real.patch("web-1", { files: null });
    await untilGone(real.bed.kube, secrets, real.at("password"), MINUTES);
    await filesCurrent("False", "NextStart");
    await reboot();
    expect(await real.withGuest("web-1", (guest) => guest.read("/etc/hostname"))).toBe("web-1");
    expect(await real.withGuest("web-1", (guest) => guest.status(FILE))).toBe(404);
    const { conditions } = (await untilReady(real.bed.kube, servers, real.at("web-1"))).status ?? {};
    expect(conditions?.some(({ type }) => type === "FilesCurrent")).toBe(false);
  });
});

describe("a Secret's payload in the node's files", { timeout: 12 * MINUTES }, () => {
  let canary: Canary;
  let since: Date;

  /** Where on the node the payload stands, a line for each file; the value is in none of them. */
  const standsIn = async (): Promise<readonly string[]> => {
    const { places, bytes, findings } = await searchNode(real.node, [canary], since);
    const { leaks } = judge(findings, []);
    process.stderr.write(`${places} files, ${bytes} bytes searched on the node: ${leaks.join("; ") || "nothing"}\n`);
    return leaks;
  };
  const launchers = async () =>
    (await real.bed.kube.list(pods, { namespace: real.team })).filter(({ metadata }) =>
      metadata.name.startsWith("virt-launcher-web-2-"),
    );

  test("while the guest runs it stands in the folder of the guest's pod, and nowhere else", async () => {
    since = new Date();
    await real.secret("passing", { type: "passphrase", source: { generate: { length: 32 } } });
    const flavor = await real.flavor("passing");
    const files = [{ path: FILE, mode: "0400", secretRef: { name: "passing" } }];
    await real.apply("web-2", { flavorRef: { name: flavor }, imageRef: { name: "tiny" }, files });
    canary = { name: "the payload", value: await heldIn(1, "passing") };
    await real.activeServer("web-2", 5 * MINUTES);
    expect((await real.fileOf("web-2", FILE)) === canary.value).toBe(true);
    const own = (await launchers()).map(({ metadata }) => `stands in /var/lib/kubelet/pods/${metadata.uid}/volumes/`);
    const found = await standsIn();
    const within = (leak: string): boolean => own.some((folder) => leak.includes(folder));
    // The control of what comes after: kubelet mounts the core Secret there, and the launcher writes the guest's disk of files.
    expect(found.filter((leak) => within(leak) && leak.includes("/kubernetes.io~secret/"))).not.toEqual([]);
    expect(found.filter((leak) => within(leak) && leak.includes("/kubernetes.io~empty-dir/"))).not.toEqual([]);
    expect(found.filter((leak) => !within(leak))).toEqual([]);
  });

  test("after its deletion no file of the node holds it; the Secret is still there", async () => {
    await real.bed.kube.delete(servers, real.at("web-2"));
    await untilGone(real.bed.kube, servers, real.at("web-2"), 3 * MINUTES);
    await eventually("the guest's pod to be gone", async () => (await launchers()).length === 0, {
      withinMs: 2 * MINUTES,
    });
    let found: readonly string[] = ["not searched"];
    // containerd clears the layers of containers away in its own time.
    const isClear = async (): Promise<boolean> => {
      found = ["not searched to the end"];
      found = await standsIn();
      return found.length === 0;
    };
    await eventually("the payload to be in no file of the node", isClear, { withinMs: MINUTES, seen: () => found });
    expect((await heldIn(1, "passing")) === canary.value).toBe(true);
  });
});

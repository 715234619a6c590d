import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstack, payloadOf } from "#e2e/node/openstack.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { secrets, servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A Secret that changes, is revoked, or is deleted while a guest uses it: what the guest has, and what is said of it.

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
async function heldIn(version: number): Promise<string> {
  const { status } = await eventually(
    `version ${version} of the Secret`,
    async () => {
      const found = (await real.bed.kube.get(secrets, real.at("password"))) as Secret;
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

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { fernetKey } from "#operator/cloud/decide/key-table.ts";
import { type KillBed, openKillBed } from "./bed.ts";
import { livesOf } from "./lives.ts";
import { type Limits, Run } from "./run.ts";
import { type NamedPoint, pointOf } from "./sample.ts";
import { subjects } from "./subjects/subjects.ts";
import type { World } from "./world/world.ts";

// A sample of what kills.faults.test.ts does with every write: the moments after which something of ours is outside
// and nothing in Kubernetes says so yet, or is gone outside and still said to be there.
const sample: Readonly<Record<string, readonly NamedPoint[]>> = {
  "Secret, generated passphrase": [
    { phase: "create", service: "barbican", write: "POST /v1/secrets" },
    { phase: "rotate", service: "barbican", write: "PUT /v1/secrets/{id}" },
    { phase: "delete", service: "barbican", write: "DELETE /v1/secrets/{id}" },
  ],
  "Secret, RSA order": [
    { phase: "create", service: "barbican", write: "POST /v1/orders" },
    { phase: "rotate", service: "barbican", write: "DELETE /v1/containers/{id}" },
    { phase: "delete", service: "barbican", write: "DELETE /v1/secrets/{id}" },
  ],
  Project: [
    { phase: "create", service: "keystone", write: "POST /v3/users/{id}/application_credentials" },
    { phase: "update", service: "keystone", write: "POST /v3/users" },
    { phase: "delete", service: "keystone", write: "DELETE /v3/projects/{id}" },
  ],
  // One key is made, and nothing says so; all are, and it is said; PostgreSQL goes, the keys stay; the first key goes, and the
  // record still names it.
  "Cloud, deployed, before its pods run": [
    { phase: "create", service: "kubernetes", write: "POST secrets" },
    { phase: "delete, retained", service: "kubernetes", write: "DELETE statefulsets.apps" },
    { phase: "create again", service: "kubernetes", write: "PATCH statefulsets.apps" },
    { phase: "delete", service: "kubernetes", write: "DELETE secrets" },
    { phase: "create", service: "kubernetes", write: "PATCH configmaps" },
  ],
  // Another disk is named and nothing is said of it yet; the old one is gone; Barbican has been told that nobody uses the Secret.
  Server: [
    { phase: "rebuild", service: "kubernetes", write: "PATCH virtualmachines.kubevirt.io" },
    { phase: "rebuild", service: "kubernetes", write: "DELETE datavolumes.cdi.kubevirt.io" },
    { phase: "delete", service: "barbican", write: "DELETE /v1/secrets/{id}/consumers" },
  ],
  // The machine is held and nobody has deleted it; the disk is nobody's any more, and the machine is still held.
  "Server, its disk kept": [
    { phase: "delete, retained", service: "kubernetes", write: "PATCH virtualmachines.kubevirt.io" },
    { phase: "delete, retained", service: "kubernetes", write: "PATCH datavolumes.cdi.kubevirt.io" },
  ],
};

/** What one life of a subject has, until it is deleted: so that "nothing more, nothing left" is not said by the blind. */
const parts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "Secret, generated passphrase": { "Barbican secret": 1, "Kubernetes secrets": 1 },
  "Secret, RSA order": { "Barbican secret": 2, "Barbican container": 1, "Barbican order": 1 },
  Project: { "Keystone project": 1, "Keystone user": 1, "Keystone application credential": 1 },
  Server: { "Kubernetes virtualmachines.kubevirt.io": 1 },
};

let bed: KillBed;
beforeAll(async () => {
  bed = await openKillBed();
}, 180_000);
afterAll(() => bed?.close(), 180_000);

async function runOf(name: string, limits: Partial<Limits> = {}): Promise<Run> {
  const subject = subjects.find((each) => each.name === name);
  if (subject === undefined) throw new Error(`there is no subject ${name}`);
  const run = new Run(bed, subject, limits);
  await subject.open?.(bed);
  await run.undisturbed();
  return run;
}

function ofLife(world: World, what: string): number {
  return Object.keys(world).filter((key) => key.startsWith(`${what} `) && key.includes("LIFE")).length;
}

describe("an operator that is killed after a write ends as one that is not", () => {
  test.each(Object.entries(sample))(
    "%s",
    async (name, points) => {
      const run = await runOf(name);
      for (const [phase, { end }] of run.phases) {
        for (const [what, count] of Object.entries(parts[name] ?? {}))
          expect([phase, what, ofLife(end, what)]).toEqual([phase, what, phase === "delete" ? 0 : count]);
      }
      const lives = livesOf(points.map((point) => pointOf(run, point)));
      for (const life of lives) {
        const survived = await run.killed(life);
        expect(survived.map(({ problem }) => problem).filter((problem) => problem !== undefined)).toEqual([]);
        expect(survived.filter(({ write }) => write !== undefined)).toHaveLength(life.length);
      }
    },
    180_000,
  );

  test("control: a key that is made anew over a volume is seen", async () => {
    const run = await runOf("Cloud, deployed, before its pods run", { patienceMs: 5_000 });
    const again = pointOf(run, { phase: "create again", service: "kubernetes", write: "PATCH statefulsets.apps" });
    const [survived] = await run.killed([again], async (life) => {
      const kek = { namespace: systemNamespace, name: `${life}-kek` };
      const data = { "1": Buffer.from(fernetKey()).toString("base64") };
      await bed.kube.mergePatch(coreSecrets, kek, { data });
    });
    expect(survived?.problem).toMatch(
      /^changed: Kubernetes secrets nephele-system\/LIFE-kek at .data.1: "<other content>, .*", not "<content of create>, /m,
    );
  }, 180_000);

  test("control: one that does not find what it made before makes it twice, and that is seen", async () => {
    const run = await runOf("Secret, AES order", { patienceMs: 5_000 });
    const ordered = pointOf(run, { phase: "create", service: "barbican", write: "POST /v1/orders" });
    // Orders are found by their mark; what is not told cannot be found.
    const hide = (): void => {
      bed.proxies.barbican.fault = {
        kind: "answer",
        status: 200,
        contentType: "application/json",
        body: JSON.stringify({ orders: [], total: 0 }),
        when: (method, path) => method === "GET" && path.startsWith("/v1/orders?"),
      };
    };
    const [survived] = await run.killed([ordered], hide);
    bed.proxies.barbican.fault = undefined;
    expect(survived?.problem).toContain("doubled: Barbican order nephele:INSTALLATION:kill-tenant/LIFE:1 in");
  }, 180_000);
});

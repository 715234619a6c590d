import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstackAs } from "#e2e/node/openstack.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { fernetKey } from "#operator/cloud/decide/key-table.ts";
import { timeText } from "#runtime/api/time.ts";
import {
  administratorOf,
  administratorsView,
  asAdministrator,
  at,
  type CloudBed,
  MINUTES,
  openCloudBed,
  partOf,
} from "./cloud-bed.ts";
import { rotate } from "./cloud-rotations.ts";
import { type OwnCloud, openOwnCloud } from "./own-cloud.ts";
import { askWhile, type TenantRequests } from "./tenant-requests.ts";
import { nobodyIsCutOff, untilAllRead } from "./token-keys.ts";

/** A Cloud whose logins rotate, and the keys by which something is stored: credentials, and Barbican's secrets. */
const name = unique("cloud").slice(2);

let bed: CloudBed;
let own: OwnCloud;
let tenant: TenantRequests;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  own = await openOwnCloud(bed, name, { release: "2026.2", instances: 1 });
  ({ tenant } = own);
}, 15 * MINUTES);
afterAll(async () => {
  await own?.close();
  await bed?.close();
}, 9 * MINUTES);

/** What a core Secret of the Cloud's has values for. */
const held = async (key: "database" | "barbican-user" | "operator" | "administrator"): Promise<readonly string[]> =>
  Object.keys((await bed.kube.get(coreSecrets, at(`${name}-${key}`)))?.data ?? {}).sort();
const secret = async (key: "credential" | "kek") => bed.kube.get(coreSecrets, at(`${name}-${key}`));
const numbers = async (key: "credential" | "kek"): Promise<string> =>
  Object.keys((await secret(key))?.data ?? {})
    .sort()
    .join();

/** Puts keys into both core Secrets, or takes them out, as somebody would by hand; and waits until services have them. */
async function putKeys(data: Readonly<Record<string, string | null>>): Promise<void> {
  for (const key of ["credential", "kek"] as const)
    await bed.kube.mergePatch(coreSecrets, at(`${name}-${key}`), { data });
  const wanted = await numbers("kek");
  const list =
    "import os; print(*sorted(f for f in os.listdir('/etc/keystone-keys/credential') if f.isdigit()), sep=',')";
  await eventually(
    `the keys ${wanted} in every replica`,
    async () => {
      const barbican = await bed.podsOf(partOf(name, "barbican"));
      const ready = await bed.readyOf(partOf(name, "barbican"));
      const keystone = await bed.readyOf(partOf(name, "keystone"));
      const read = await Promise.all(
        keystone.map((pod) => bed.node.run("exec", pod, "-n", systemNamespace, "--", "python3", "-c", list)),
      );
      return (
        barbican.length === 2 &&
        ready.length === 2 &&
        barbican.every(({ metadata }) => metadata.annotations?.["nephele.dev/keys"]?.startsWith(`kek ${wanted};`)) &&
        read.every((each) => each.trim() === wanted)
      );
    },
    { withinMs: 4 * MINUTES },
  );
}

describe("logins, rotated on request", () => {
  /** Which of the services' roles may log in, as their database says: `keystone_2=True`. */
  const roles = async (): Promise<readonly string[]> => {
    const [pod = ""] = await bed.readyOf(partOf(name, "keystone"));
    const ask = [
      "import glob, psycopg2, re",
      "text = open(glob.glob('/etc/keystone/keystone.conf.d/*')[0]).read()",
      "url = re.search(r'connection = (\\S+)', text)[1].replace('+psycopg2', '')",
      "cursor = psycopg2.connect(url).cursor()",
      "cursor.execute(\"SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^(keystone|barbican)'\")",
      "print(*(f'{name}={may}' for name, may in sorted(cursor.fetchall())))",
    ].join("\n");
    return (await bed.node.run("exec", pod, "-n", systemNamespace, "--", "python3", "-c", ask)).trim().split(" ");
  };

  test(
    "another takes the place of each, and no request is lost; the former is good until no pod uses it, and no longer",
    async () => {
      const id = await tenant.store("kept");
      expect(await roles()).toEqual(["barbican=True", "keystone=True"]);
      const overlaps = { seen: 0, missed: 0 };
      const round = async (): Promise<void> => {
        await tenant.ask(id);
        await tenant.ask(await tenant.store("new"));
      };
      const former = await administratorOf(bed.kube, name);
      const rotating = await askWhile(round, async () => {
        const passwords = { rotateEvery: "2160h", rotationRequestedAt: timeText(new Date()) };
        await bed.kube.mergePatch(clouds, at(name), { spec: { passwords } });
        await eventually(
          "the former logins to be gone",
          async () => {
            const older = (await bed.podsOf(partOf(name, "keystone"))).filter(
              ({ metadata }) => metadata.annotations?.["nephele.dev/keys"] === "database keystone",
            );
            const database = await held("database");
            if (older.length > 0 && database.includes("keystone-2")) overlaps.seen += 1;
            if (older.length > 0 && !database.includes("keystone")) overlaps.missed += 1;
            const user = await held("barbican-user");
            return (
              database.includes("keystone-2") &&
              !database.includes("keystone") &&
              user.join() === "password,username" &&
              (await roles()).join() === "barbican=False,barbican_2=True,keystone=False,keystone_2=True"
            );
          },
          { withinMs: 6 * MINUTES, seen: () => overlaps },
        );
      });
      process.stderr.write(`${rotating.answered} rounds of requests, ${rotating.errors.length} errors\n`);
      expect(rotating.errors).toEqual([]);
      expect(overlaps.seen).toBeGreaterThan(0);
      expect(overlaps.missed).toBe(0);
      const { users } = await administratorsView(bed, name);
      // Beside the Project's robot.
      expect(users.filter((user) => !user.startsWith("nephele-"))).toEqual(["admin", "barbican-2", "nephele"]);
      await expectChangedPasswords(former);
      // The control: pods that all go at once, as they would with a login that is simply changed, are missed.
      const gone = await askWhile(round, async () => {
        await bed.kill(partOf(name, "barbican"));
        await eventually("Barbican's pods", async () => (await bed.readyOf(partOf(name, "barbican"))).length === 2, {
          withinMs: 2 * MINUTES,
        });
      });
      expect(gone.errors.length).toBeGreaterThan(0);
    },
    12 * MINUTES,
  );
});

/** The administrator and the operator go on with other passwords, and the former one of the administrator is none. */
async function expectChangedPasswords(former: Readonly<Record<string, string>>): Promise<void> {
  for (const user of ["administrator", "operator"] as const)
    await eventually(`the ${user}'s password to be another`, async () => !(await held(user)).includes("next"), {
      withinMs: 3 * MINUTES,
    });
  const { status } = (await bed.kube.get(clouds, at(name))) as Cloud;
  expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  expect(await asAdministrator(bed, name, "token", "issue", "-c", "user_id")).toMatch(/^[0-9a-f]{32}$/);
  // The control.
  expect(await openstackAs(bed.node, former, "token", "issue", "-c", "user_id")).toMatchObject({ ok: false });
  // What the operator does with its own: a Project comes, and goes.
  const project = unique("after");
  const spec = { domain: "Default", cloudRef: at(name), protected: false, onDelete: "Delete" };
  await bed.kube.create(projects, {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Project",
    metadata: { name: project },
    spec,
  });
  await untilReady(bed.kube, projects, { name: project }, MINUTES);
  await bed.kube.delete(projects, { name: project });
  await untilGone(bed.kube, projects, { name: project }, MINUTES);
}

describe("keys by which something is stored, rotated on request", () => {
  test(
    "no request is lost, what is stored follows, and the former key is needed no more; the present one is",
    async () => {
      const id = await tenant.store("kept");
      const blob = unique("blob");
      const created = await asAdministrator(bed, name, "credential", "create", "admin", blob, "-c", "id");
      const credential = (): Promise<string> => asAdministrator(bed, name, "credential", "show", created, "-c", "blob");
      const rotating = await askWhile(
        async () => {
          await tenant.ask(id);
          await tenant.ask(await tenant.store("new"));
        },
        async () => {
          await Promise.all([rotate(bed, name, "credential keys"), rotate(bed, name, "key-encryption keys")]);
        },
      );
      process.stderr.write(`${rotating.answered} rounds of requests, ${rotating.errors.length} errors\n`);
      expect(rotating.errors).toEqual([]);
      expect([await numbers("credential"), await numbers("kek")]).toEqual(["0,1,2", "0,1,2"]);
      const { status } = (await bed.kube.get(clouds, at(name))) as Cloud;
      for (const key of ["credential", "kek"])
        expect(status?.keys).toContainEqual(
          expect.objectContaining({ name: key, active: 3, nextRotation: expect.any(String) as string }),
        );

      const held = (await secret("kek"))?.data ?? {};
      const heldCredential = (await secret("credential"))?.data ?? {};
      await putKeys({ "1": null });
      expect(await tenant.ask(id)).toBe("kept");
      expect(await credential()).toBe(blob);

      // The control: with the key that is used now gone, both are lost.
      await putKeys({ "2": null, "3": Buffer.from(fernetKey()).toString("base64") });
      await expect(tenant.ask(id)).rejects.toThrow(/Barbican answered 500/);
      await expect(credential()).rejects.toThrow();
      await bed.kube.mergePatch(coreSecrets, at(`${name}-credential`), {
        data: { "2": heldCredential["2"], "3": null },
      });
      await bed.kube.mergePatch(coreSecrets, at(`${name}-kek`), { data: { "2": held["2"], "3": null } });
      await eventually("the secret to be readable again", async () => (await tenant.ask(id)) === "kept", {
        withinMs: 3 * MINUTES,
      });
    },
    25 * MINUTES,
  );
});

describe("pairs that sign tokens, rotated on request", () => {
  test(
    "nobody is cut off: tokens of before and of after are good in every replica; without the kept key, the older are not",
    async () => {
      const id = await tenant.store("rotated");
      await untilAllRead(bed, name, "jws/public", ["next.public.pem", "public.pem"]);
      const rotating = await askWhile(
        () => tenant.ask(id),
        async () => {
          await rotate(bed, name, "keys of tokens");
          await untilAllRead(bed, name, "jws/public", ["former-1.public.pem", "next.public.pem", "public.pem"]);
        },
      );
      process.stderr.write(`${rotating.answered} rounds of requests, ${rotating.errors.length} errors\n`);
      expect(rotating.errors).toEqual([]);
      await nobodyIsCutOff(bed, name, own, {
        secret: "jws",
        folder: "jws/public",
        former: "former-1.public.pem",
        others: ["next.public.pem", "public.pem"],
      });
    },
    14 * MINUTES,
  );
});

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { type LoginKey, loginKey } from "#e2e/node/kubevirt/guest-login.ts";
import { serveGuestRegistry } from "#e2e/node/kubevirt/guest-registry.ts";
import { openstack, payloadOf } from "#e2e/node/openstack.ts";
import { searchVolume } from "#e2e/proofs/canary/node.ts";
import { judge } from "#e2e/proofs/canary/report.ts";
import type { Canary } from "#e2e/proofs/canary/search.ts";
import { coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { images } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A whole Debian that boots: what its own cloud-init makes of what Nephele gives it. The tiny guest of the other tests does
// a part of that work by a script of its own; here nothing is played. On an emulated processor a boot takes minutes.

const MINUTES = 60_000;
const BOOTED = 8 * MINUTES;
const PASSWORD_FILE = "/etc/app/db-password";

/** What is on the disk in the open. */
const OPEN: Canary = { name: "the user data", value: randomBytes(16).toString("hex") };
/**
 * Says what became of the file, without what it holds; and whose boot it was, at each boot. Of the disk it looks at what was written
 * of late: all of it is read when the guest is stopped.
 */
const LOOK = `#!/bin/sh
# ${OPEN.value}
mkdir -p /var/tmp/seen && cd /var/tmp/seen
readlink ${PASSWORD_FILE} >link
stat -Lc '%a %U' ${PASSWORD_FILE} >mode
stat -Lfc %T ${PASSWORD_FILE} >file-system
find / -xdev -type f -cmin -60 -print0 | xargs -0 grep -lFf ${PASSWORD_FILE} >copies
grep -rlFf ${PASSWORD_FILE} /run/nephele >control
`;
const CONFIG = `#cloud-config
ssh_authorized_keys: [ssh-ed25519 THEIRS]
users:
  - default
  - name: dev
    shell: /bin/bash
write_files:
  - path: /usr/local/bin/look
    permissions: "0755"
    encoding: b64
    content: ${Buffer.from(LOOK).toString("base64")}
runcmd:
  - [/usr/local/bin/look]
  - [touch, /var/tmp/runcmd]
`;
/** A message with parts, packed: a hook for each boot, a script for the first, and cloud-config with a key of its own. */
const PARTS = gzipSync(
  [
    'Content-Type: multipart/mixed; boundary="part"\nMIME-Version: 1.0\n',
    "--part\nContent-Type: text/cloud-boothook\n\n#!/bin/sh\necho boot >>/var/tmp/boots\n",
    "--part\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho once >>/var/tmp/scripts\n",
    `--part\nContent-Type: text/cloud-config\n\n${CONFIG}`,
    "--part--\n",
  ].join("\n"),
);

let real: RealGuests;
let key: LoginKey;
/** What the Image said of how far it is, in percent, one after another. */
const told: number[] = [];

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  key = await loginKey();
  const registry = await serveGuestRegistry(real.node, (line) => void process.stderr.write(`${line}\n`));
  const flavor = await real.flavor("debian", { memory: "512Mi", disk: "1280Mi" });
  await real.image("debian", "guest.qcow2", {
    source: { registry: { url: await registry.url("debian") } },
    minDisk: "1280Mi",
    os: { distro: "debian", version: "12" },
  });
  await real.secret("password", { type: "passphrase", source: { generate: { length: 32 } } });
  await eventually(
    "the Image to be active",
    async () => {
      const { phase, progress } = (await real.bed.kube.get(images, real.at("debian")))?.status ?? {};
      if (progress !== undefined && progress !== told.at(-1)) told.push(progress);
      return phase === "active";
    },
    { withinMs: 10 * MINUTES, seen: () => told },
  );
  await real.bed.kube.create(coreSecrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: real.at("parts"),
    data: { userdata: PARTS.toString("base64") },
  });
  await real.apply("web-1", {
    flavorRef: { name: flavor },
    imageRef: { name: "debian" },
    sshKeys: [key.publicKey],
    files: [{ path: PASSWORD_FILE, mode: "0400", secretRef: { name: "password" } }],
    metadata: { role: "web" },
    userData: { secretKeyRef: { name: "parts", key: "userdata" } },
  });
  await real.activeServer("web-1", 6 * MINUTES);
}, 40 * MINUTES);
afterAll(async () => {
  key?.forget();
  await real?.close();
}, 10 * MINUTES);

/** What Barbican holds. */
async function payload(): Promise<string> {
  const listed = await openstack(real.node, real.team, "secret", "list", "-f", "value", "-c", "Secret href");
  return await payloadOf(real.node, real.team, listed.text.trim());
}

const fileOf = (path: string): Promise<string> => real.withGuest("web-1", (guest) => guest.read(path, BOOTED));

test("an Image that is large enough to see it says how far its import is", () => {
  expect(told.some((percent) => percent > 0 && percent < 100)).toBe(true);
  expect(told.at(-1)).toBe(100);
});

describe("a Server of a whole Debian", { timeout: 20 * MINUTES }, () => {
  test("cloud-init finds its data and has nothing to complain about", async () => {
    const { v1 } = JSON.parse(await fileOf("/run/cloud-init/result.json")) as { v1: unknown };
    expect(v1).toMatchObject({ datasource: expect.stringContaining("DataSourceNoCloud"), errors: [] });
    expect(await fileOf("/etc/hostname")).toBe("web-1");
  });

  test("cloud-config: the user's users, files and commands are made, and ours beside them", async () => {
    const users = (await fileOf("/etc/passwd")).split("\n").map((line) => line.split(":")[0]);
    expect(users).toEqual(expect.arrayContaining(["debian", "dev"]));
    const keys = (await fileOf("/home/debian/.ssh/authorized_keys")).split("\n");
    expect(keys.toSorted()).toEqual([key.publicKey, "ssh-ed25519 THEIRS"]);
    expect(JSON.parse(await fileOf("/run/nephele/metadata.json"))).toEqual({ role: "web" });
    expect(await real.withGuest("web-1", (guest) => guest.status("/var/tmp/runcmd"))).toBe(200);
  });

  test("the secret's file is what Barbican holds, and nowhere on the disk", async () => {
    // Compared without being shown.
    expect((await fileOf(PASSWORD_FILE)) === (await payload())).toBe(true);
    const seen = (name: string): Promise<string> => fileOf(`/var/tmp/seen/${name}`);
    expect(await seen("link")).toBe("/run/nephele/files/file-1");
    expect(await seen("mode")).toBe("400 root");
    expect(await seen("file-system")).toBe("ramfs");
    expect(await seen("copies")).toBe("");
    expect(await seen("control")).toBe("/run/nephele/files/file-1");
  });

  test("the other parts of the message are done too", async () => {
    expect(await fileOf("/var/tmp/boots")).toBe("boot");
    expect(await fileOf("/var/tmp/scripts")).toBe("once");
  });

  test("who has the key logs in, and nobody without", async () => {
    const address = (await real.server("web-1")).status?.addresses?.[0]?.address ?? "";
    const login = await key.login(real.node, `debian@${address}`, "id -un; sudo -n id -un");
    expect(login).toMatchObject({ ok: true, text: "debian\nroot\n" });
    const other = await loginKey();
    try {
      const refused = await other.login(real.node, `debian@${address}`, "true");
      expect(refused).toMatchObject({ ok: false, text: expect.stringContaining("Permission denied") });
    } finally {
      other.forget();
    }
  });

  test("another boot: what is for the first is not done again, what is for each is", async () => {
    const requestedAt = timeText(new Date());
    await real.patch("web-1", { reboot: { requestedAt, type: "Soft", hardAfter: "60s" } });
    await eventually(
      "the reboot to be done",
      async () => (await real.server("web-1")).status?.reboot?.doneAt !== undefined,
      { withinMs: 4 * MINUTES },
    );
    expect(await fileOf("/var/tmp/boots")).toBe("boot\nboot");
    expect(await fileOf("/var/tmp/scripts")).toBe("once");
  });

  test("stopped: its disk, byte for byte as snapshots and clones have it, holds the user data and nothing of the secret", async () => {
    await real.patch("web-1", { power: "Stopped" });
    await eventually("web-1 to be SHUTOFF", async () => (await real.server("web-1")).status?.state === "SHUTOFF", {
      withinMs: 4 * MINUTES,
    });
    const disk = (await real.server("web-1")).status?.rootDisk?.volume ?? "";
    const volume = (await real.bed.kube.get(persistentVolumeClaims, real.at(disk)))?.spec?.volumeName ?? "";
    const secret: Canary = { name: "the payload", value: await payload() };
    const { leaks } = judge(searchVolume(real.node, [secret, OPEN], volume).findings, []);
    // The control: a file of the guest's is found on its disk.
    expect(leaks.filter((leak) => leak.startsWith(OPEN.name))).not.toEqual([]);
    expect(leaks.filter((leak) => leak.startsWith(secret.name))).toEqual([]);
  });
});

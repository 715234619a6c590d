import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { openProcesses } from "../cluster/processes.ts";
import { until } from "../cluster/wait.ts";
import { parseHierarchies } from "./cgroups.ts";
import { downNode } from "./down.ts";
import { openNode } from "./handle.ts";
import { differences, type HostState, hostState } from "./host-state.ts";
import { cgroupName, firstNode, secondLocation, secondNode } from "./location.ts";
import { addSecondNode } from "./second-node.ts";
import { upNode } from "./up.ts";

// A node of its own, beside the one that other files use: it comes and goes.

const folder = mkdtempSync(join(tmpdir(), "node-"));
const stateDir = join(folder, "state");
const location = { stateDir, logsDir: join(stateDir, "logs") };
const run = promisify(execFile);
const startMs = 180_000;

afterAll(async () => {
  await downNode(location);
  rmSync(folder, { recursive: true, force: true });
});

/** Brings the node up and gives the lines that were printed. */
async function up(): Promise<readonly string[]> {
  const lines: string[] = [];
  await upNode(location, (line) => lines.push(line));
  return lines;
}

const running = (): readonly string[] =>
  openProcesses(stateDir, location.logsDir)
    .list()
    .map(({ name, pid }) => `${name} ${pid}`);

/** The host must be as before; what others do on this machine for a moment does not count. */
const untilUnchanged = (before: HostState, folder = stateDir): Promise<boolean> =>
  until("the host as it was before", 10_000, async () => {
    const found = differences(before, await hostState(folder));
    if (found.length > 0) throw new Error(found.join("\n"));
    return true;
  });

describe("up and down", () => {
  test(
    "leave nothing on the host, and change nothing of it meanwhile but processes and cgroups",
    async () => {
      const before = await hostState(stateDir);
      await up();
      const during = differences(before, await hostState(stateDir));
      expect(during.filter((line) => !/^\+ (cgroups|processes|state): /.test(line))).toEqual([]);
      expect(during.some((line) => line.startsWith("+ processes: ") && line.includes("kubelet"))).toBe(true);
      expect(during.some((line) => line.startsWith("+ cgroups: "))).toBe(true);
      await downNode(location);
      expect(await untilUnchanged(before)).toBe(true);
    },
    startMs,
  );

  test(
    "find the images in the store that they left, and do nothing where all is up",
    async () => {
      const printed = await up();
      expect(printed.filter((line) => line.includes("imported"))).toEqual(["  imported 0 of 2"]);
      const processes = running();
      expect(processes.length).toBeGreaterThan(8);
      expect(await up()).toEqual([]);
      expect(running()).toEqual(processes);
    },
    startMs,
  );

  test(
    "start afresh when a part has ended meanwhile",
    async () => {
      await openProcesses(stateDir, location.logsDir).stopProcess("kubelet", { signal: "SIGKILL" });
      expect((await up()).join("\n")).toContain("not running: kubelet");
    },
    startMs,
  );

  test(
    "say which part ended during the start, with its last lines, and leave nothing running",
    async () => {
      await downNode(location);
      const started = up();
      const killed = until("kubelet's start", startMs, async () => {
        const record = openProcesses(stateDir, location.logsDir)
          .list()
          .find(({ name }) => name === "kubelet");
        if (record !== undefined) process.kill(record.pid, "SIGKILL");
        return record;
      });
      await expect(started).rejects.toThrow(/kubelet ended \(signal SIGKILL\)[\s\S]*kubelet\.log, ends with:\n {2}/);
      await killed;
      // A kubectl that was at work when its API server went ends by itself.
      await until("nothing to run", startMs, async () => {
        const { processes, cgroups } = await hostState(stateDir);
        const ours = cgroups?.filter((path) => path.endsWith(cgroupName(stateDir)));
        return processes?.length === 0 && ours?.length === 0 ? true : undefined;
      });
    },
    startMs,
  );
});

describe("a second node", () => {
  test(
    "joins, leaves, and is gone with its cluster: nothing of it stays on the host",
    async () => {
      await downNode(location);
      const folders = [stateDir, secondLocation(location).stateDir];
      const before = await Promise.all(folders.map(hostState));
      await up();
      const node = await openNode(stateDir);
      const print = (): void => undefined;
      const names = async () => (await node.run("get", "nodes", "--output=name")).trim().split("\n");
      const second = await addSecondNode(node, [], print);
      expect(await names()).toEqual([`node/${firstNode.name}`, `node/${secondNode.name}`]);
      await second.remove();
      expect(await names()).toEqual([`node/${firstNode.name}`]);
      await addSecondNode(node, [], print);
      await downNode(location);
      for (const [at, folder] of folders.entries()) expect(await untilUnchanged(before[at] ?? {}, folder)).toBe(true);
    },
    startMs,
  );
});

describe("the comparison of the host before and after", () => {
  test("sees what is planted", async () => {
    await downNode(location);
    const before = await hostState(stateDir);
    const cgroup = join(
      parseHierarchies((await run("cat", ["/proc/mounts"])).stdout)[0]?.folder ?? "",
      cgroupName(stateDir),
    );
    mkdirSync(cgroup);
    mkdirSync(stateDir);
    const program = spawn("/bin/sh", ["-c", "exec sleep 60", stateDir]);
    const shell = spawn("/bin/sh", ["-c", "read line", stateDir]);
    try {
      // Within namespaces of its own: the machine's network and mounts stay as they are.
      const script = [
        "ip link add planted type bridge",
        "nft add table inet planted",
        'mount -t tmpfs planted "$1"',
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
        'exec "$2" --input-type=module --eval "$3"',
      ].join(" && ");
      const look = `
        import { hostState } from ${JSON.stringify(join(import.meta.dirname, "host-state.ts"))};
        console.log(JSON.stringify(await hostState(${JSON.stringify(stateDir)})));`;
      const { stdout } = await run("unshare", [
        "--mount",
        "--net",
        "/bin/sh",
        "-c",
        script,
        "sh",
        stateDir,
        process.execPath,
        look,
      ]);
      const found = differences(before, JSON.parse(stdout)).join("\n");
      for (const seen of [
        "mounts: planted",
        "links: planted",
        "rules: table inet planted",
        "cgroups: ",
        "processes: ",
        "state: ",
      ]) {
        expect(found).toContain(`+ ${seen}`);
      }
    } finally {
      program.kill();
      shell.kill();
      rmdirSync(cgroup);
      rmdirSync(stateDir);
    }
  });
});

describe("who is not root", () => {
  test("is told what to use instead", async () => {
    const started = run(process.execPath, [join(import.meta.dirname, "..", "cluster", "up.ts")], {
      uid: 65_534,
      gid: 65_534,
      env: { ...process.env, CLUSTER: "node", NEPHELE_CLUSTER_DIR: stateDir },
    });
    await expect(started).rejects.toMatchObject({ stderr: expect.stringContaining("Use CLUSTER=control") });
  });
});

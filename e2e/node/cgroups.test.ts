import { describe, expect, test } from "vitest";
import { parseHierarchies } from "./cgroups.ts";

describe("hierarchies of cgroups", () => {
  test("are found where version 1 is mounted, with what to mount them with again", () => {
    const mounts = [
      "tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0",
      "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0",
      "cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,xattr,release_agent=/lib/agent,name=systemd 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime,nsdelegate 0 0",
    ].join("\n");
    expect(parseHierarchies(mounts)).toEqual([
      { folder: "/sys/fs/cgroup/cpu,cpuacct", type: "cgroup", options: "cpu,cpuacct" },
      { folder: "/sys/fs/cgroup/systemd", type: "cgroup", options: "name=systemd" },
      { folder: "/sys/fs/cgroup/unified", type: "cgroup2", options: "" },
    ]);
  });

  test("are one where version 2 is mounted", () => {
    const mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0";
    expect(parseHierarchies(mounts)).toEqual([{ folder: "/sys/fs/cgroup", type: "cgroup2", options: "" }]);
  });
});

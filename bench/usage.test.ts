import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { parseCpuTicks, parseKilobytes, withChildren } from "./usage.ts";

test("processor time is user and system time, whatever the program is called", () => {
  const rest = "S 1 1 1 0 -1 4194560 5000 0 0 0 120 34 7 8 20 0 11 0 5000 0 0";
  expect(parseCpuTicks(`42 (node) ${rest}`)).toBe(154);
  expect(parseCpuTicks(`42 (a b) c (d) ${rest}`)).toBe(154);
});

test("resident memory is read in bytes", () => {
  const status = "Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\nRssAnon:\t   1 kB\n";
  expect(parseKilobytes(status, "VmRSS")).toBe(102_400 * 1024);
  expect(parseKilobytes(status, "VmHWM")).toBe(204_800 * 1024);
  expect(() => parseKilobytes("Name:\tnode\n", "VmRSS")).toThrow("has no VmRSS");
});

test("a process is counted with what it started", async () => {
  const child = spawn("sh", ["-c", "sleep 60 & wait"], { detached: true });
  try {
    await expect.poll(() => withChildren(child.pid ?? 0).length, { timeout: 10_000 }).toBe(2);
    expect(withChildren(process.pid)).toContain(child.pid);
  } finally {
    process.kill(-(child.pid ?? 0), "SIGKILL");
  }
});

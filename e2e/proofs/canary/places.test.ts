import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchPath } from "./files.ts";
import { searchProcesses, withDescendants } from "./processes.ts";
import { judge } from "./report.ts";
import { searcherFor } from "./search.ts";

const value = "canary-of-places-5d3e8a";
const search = searcherFor([{ name: "planted", value }]);

describe("files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "nephele-canary-"));
    mkdirSync(join(folder, "a/b"), { recursive: true });
    writeFileSync(join(folder, "a/clean.log"), "nothing here");
    writeFileSync(join(folder, "a/b/dirty.db"), Buffer.concat([Buffer.alloc(5_000), Buffer.from(value)]));
    // The end of the first piece stands in the middle of the value.
    writeFileSync(join(folder, "large.db"), Buffer.concat([Buffer.alloc(32 * 1024 * 1024 - 5), Buffer.from(value)]));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("all files of a folder are searched, whole, also where a piece ends within the value", () => {
    const { places, findings } = searchPath(search, folder);
    expect(places).toBe(3);
    expect(findings.map(({ place }) => place).sort()).toEqual([join(folder, "a/b/dirty.db"), join(folder, "large.db")]);
  });

  test("of a time on, what changed since is searched, whatever time its writer gave it", async () => {
    await sleep(50);
    const since = new Date();
    expect(searchPath(search, folder, since).places).toBe(0);
    await sleep(50);
    const late = join(folder, "late.db");
    writeFileSync(late, value);
    utimesSync(late, 0, 0);
    const { places, findings } = searchPath(search, folder, since);
    rmSync(late);
    expect(places).toBe(1);
    expect(findings.map(({ place }) => place)).toEqual([late]);
  });

  test("a path that is not there holds nothing", () => {
    expect(searchPath(search, join(folder, "none")).places).toBe(0);
  });
});

describe("processes", () => {
  test("an argument and a variable of a child's child are seen", async () => {
    const child = spawn("sh", ["-c", `sh -c 'sleep 60; : ${value}'; :`], {
      env: { PATH: process.env["PATH"] ?? "", CANARY: value },
    });
    await once(child, "spawn");
    try {
      await expect
        .poll(() => searchProcesses(search, [child.pid ?? 0]).findings.map(({ place }) => place.split("/").pop()))
        .toEqual(expect.arrayContaining(["cmdline", "environ"]));
    } finally {
      child.kill();
    }
  });

  test("descendants are found whatever the order of the pids", () => {
    const parents = new Map([
      [10, 30],
      [30, 20],
      [20, 1],
      [40, 1],
    ]);
    expect(withDescendants([20], parents).toSorted((one, other) => one - other)).toEqual([10, 20, 30]);
  });
});

describe("the verdict", () => {
  const found = { canary: "planted", place: "secrets a/b", form: "base64 at offset 0" };
  test.each([
    ["nothing is wrong where it is in its place", [found], [{ canary: "planted", place: "secrets a/b" }], [], []],
    ["out of its place it is a leak", [found], [], ["planted stands in secrets a/b (base64 at offset 0)"], []],
    ["a positive that is missed says so", [], [{ canary: "planted", place: "x" }], [], ["planted was not found in x"]],
    [
      "another canary's place is not its own",
      [found],
      [{ canary: "other", place: "secrets a/b" }],
      ["planted stands in secrets a/b (base64 at offset 0)"],
      ["other was not found in secrets a/b"],
    ],
  ])("%s", (_, findings, expected, leaks, missed) => {
    expect(judge(findings, expected)).toEqual({ leaks, missed });
  });
});

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { followFile } from "./follow-file.ts";

let folder: string;
let stop: AbortController;
let following: Promise<void>;
let seen: string[];
let answers: ("settled" | "again")[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "volume-"));
  stop = new AbortController();
  seen = [];
  answers = [];
});
afterEach(async () => {
  stop.abort();
  await following;
  rmSync(folder, { recursive: true });
});

function follow(path: string): void {
  following = followFile(
    {
      path,
      limitBytes: 100,
      everyMs: 10,
      onContent: async (content) => {
        seen.push(Buffer.from(content).toString());
        return answers.shift() ?? "settled";
      },
      onProblem: (problem) => seen.push(`problem: ${problem}`),
    },
    stop.signal,
  );
}

/** As kubelet writes a volume: files in a folder of its own, to which `..data` points, exchanged by a rename. */
function writeVolume(version: string, content: string): void {
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, "bundle"), content);
  symlinkSync(version, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
}

test("a volume is read, and read anew when its folder is exchanged; what stays is not read again", async () => {
  writeVolume("..1", "first");
  symlinkSync("..data/bundle", join(folder, "bundle"));
  follow(join(folder, "bundle"));
  await expect.poll(() => seen).toEqual(["first"]);
  writeVolume("..2", "other");
  await expect.poll(() => seen).toEqual(["first", "other"]);
});

test("what cannot be read is said once, and is read when it can be", async () => {
  const path = join(folder, "bundle");
  follow(path);
  await expect.poll(() => seen).toEqual([expect.stringContaining("ENOENT")]);
  mkdirSync(path);
  await expect.poll(() => seen).toEqual([expect.anything(), `problem: ${path} is not a file`]);
  rmSync(path, { recursive: true });
  await expect.poll(() => seen).toHaveLength(3);
  seen.length = 0;
  writeFileSync(`${path}.new`, "x".repeat(101));
  renameSync(`${path}.new`, path);
  await expect.poll(() => seen).toEqual([`problem: ${path} has 101 bytes: 100 are the most`]);
  writeFileSync(`${path}.new`, "good");
  renameSync(`${path}.new`, path);
  await expect.poll(() => seen.at(-1)).toBe("good");
});

test("what could not be taken is offered again until it is; another one at once", async () => {
  const path = join(folder, "bundle");
  writeFileSync(path, "first");
  answers = ["again", "again", "again", "settled"];
  follow(path);
  await expect.poll(() => seen).toEqual(["first", "first", "first", "first"]);
  answers = ["again", "settled"];
  writeFileSync(`${path}.new`, "other");
  renameSync(`${path}.new`, path);
  await expect.poll(() => seen.slice(4)).toEqual(["other", "other"]);
});

import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { guestScript } from "./guest-script.ts";

describe("guestScript", () => {
  test("is none where there is nothing to do", () => {
    expect(guestScript({ files: false, links: false, metadata: {} })).toBeUndefined();
  });

  test("takes the links of before away where there is no file any more, and nothing that somebody else put there", () => {
    const root = mkdtempSync(join(tmpdir(), "nephele-"));
    try {
      const [run, kept] = [join(root, "run"), join(root, "lib/links")];
      const [ours, others, file] = ["ours", "others", "file"].map((name) => join(root, name));
      mkdirSync(join(root, "lib"));
      symlinkSync(join(run, "files/0"), ours ?? "");
      symlinkSync("/elsewhere", others ?? "");
      writeFileSync(file ?? "", "own");
      writeFileSync(kept, `${ours}\n${others}\n${file}\n`);
      const script = guestScript({ files: false, links: true, metadata: {} }) ?? "";
      const here = script.replace("run=/run/nephele", `run=${run}`).replace("/var/lib/nephele/links", kept);
      execFileSync("sh", ["-eu"], { input: here });
      const left = [ours, others, file].map((path) => lstatSync(path ?? "", { throwIfNoEntry: false }) !== undefined);
      expect(left).toEqual([false, true, true]);
      expect(readFileSync(kept, "utf8")).toBe("");
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  test("is one that a plain shell can read", () => {
    const script = guestScript({ files: true, links: true, metadata: { role: "web" } }) ?? "";
    execFileSync("sh", ["-n"], { input: script });
  });

  test("keeps files in memory that is never swapped out, and nowhere else where there is none", () => {
    const script = guestScript({ files: true, links: true, metadata: {} }) ?? "";
    expect(script.match(/mount -t \w+/g)).toEqual(["mount -t ramfs", "mount -t iso9660"]);
  });

  test("writes metadata as JSON, whatever a value holds", () => {
    const metadata = { role: "web", päth: "'$(id)`\"\\\nNEPHELE-METADATA\n€" };
    const folder = mkdtempSync(join(tmpdir(), "nephele-"));
    try {
      const script = guestScript({ files: false, links: false, metadata }) ?? "";
      execFileSync("sh", [], { input: script.replace("run=/run/nephele", `run=${folder}`) });
      const written = readFileSync(join(folder, "metadata.json"), "utf8");
      expect(JSON.parse(written)).toEqual(metadata);
      expect(script).toMatch(/^[\n -~]+$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

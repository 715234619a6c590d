import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { guestScript } from "./guest-script.ts";

describe("guestScript", () => {
  test("is none where there is nothing to do", () => {
    expect(guestScript({ files: false, metadata: {} })).toBeUndefined();
  });

  test("is one that a plain shell can read", () => {
    const script = guestScript({ files: true, metadata: { role: "web" } }) ?? "";
    execFileSync("sh", ["-n"], { input: script });
  });

  test("keeps files in memory that is never swapped out, and nowhere else where there is none", () => {
    const script = guestScript({ files: true, metadata: {} }) ?? "";
    expect(script.match(/mount -t \w+/g)).toEqual(["mount -t ramfs", "mount -t iso9660"]);
  });

  test("writes metadata as JSON, whatever a value holds", () => {
    const metadata = { role: "web", päth: "'$(id)`\"\\\nNEPHELE-METADATA\n€" };
    const folder = mkdtempSync(join(tmpdir(), "nephele-"));
    try {
      const script = guestScript({ files: false, metadata }) ?? "";
      execFileSync("sh", [], { input: script.replace("run=/run/nephele", `run=${folder}`) });
      const written = readFileSync(join(folder, "metadata.json"), "utf8");
      expect(JSON.parse(written)).toEqual(metadata);
      expect(script).toMatch(/^[\n -~]+$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

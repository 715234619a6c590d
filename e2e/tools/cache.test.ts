import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheRoot, contentKey } from "./cache.ts";

let folder: string;
const put = (path: string, content: string): void => writeFileSync(join(folder, path), content);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "content-"));
  mkdirSync(join(folder, "sub"));
  put("go.mod", "module a");
  put("sub/main.go", "package main");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the key of a folder", () => {
  test("is 16 hexadecimal digits and the same for the same content", () => {
    const key = contentKey(folder, ["go1"]);
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    put("go.mod", "module a");
    expect(contentKey(folder, ["go1"])).toBe(key);
  });

  test.each([
    ["a changed file", () => put("sub/main.go", "package other")],
    ["a new file", () => put("sub/new.go", "")],
    [
      "content that moved from one file to the next",
      () => {
        put("go.mod", "module ");
        put("sub/main.go", "apackage main");
      },
    ],
  ])("is another for %s", (_sentence, change) => {
    const key = contentKey(folder, ["go1"]);
    change();
    expect(contentKey(folder, ["go1"])).not.toBe(key);
  });

  test("is another for another compiler or flag", () => {
    expect(contentKey(folder, ["go1", "-s"])).not.toBe(contentKey(folder, ["go1", "-w"]));
    expect(contentKey(folder, ["ab", "c"])).not.toBe(contentKey(folder, ["a", "bc"]));
  });
});

test.each([
  ["NEPHELE_CACHE, where it is set", { NEPHELE_CACHE: "/a", XDG_CACHE_HOME: "/b" }, "/a"],
  ["else a folder of XDG_CACHE_HOME", { XDG_CACHE_HOME: "/b" }, "/b/nephele"],
])("the cache is %s", (_sentence, env, root) => {
  expect(cacheRoot(env)).toBe(root);
});

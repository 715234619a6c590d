import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { archiveOf, type Entry, tinyBundle, tinyEntrypoint } from "../testing/tiny-policy.ts";
import { InvalidBundle } from "./archive.ts";
import { archiveLimits, readBundle } from "./bundle.ts";

/** Why a bundle is refused. */
async function refusal(packed: Uint8Array, limits = archiveLimits): Promise<string> {
  try {
    await readBundle(packed, limits);
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidBundle);
    return (error as Error).message;
  }
}

const manifest = JSON.stringify({ wasm: [{ entrypoint: "a/b", module: "/policy.wasm" }] });
const good: readonly Entry[] = [
  [{ name: "/policy.wasm" }, "program"],
  [{ name: "/.manifest" }, manifest],
];

async function withMore(...entries: readonly Entry[]): Promise<string> {
  return refusal(await archiveOf([...good, ...entries]));
}

async function withManifest(value: unknown): Promise<string> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return refusal(
    await archiveOf([
      [{ name: "policy.wasm" }, "program"],
      [{ name: ".manifest" }, text],
    ]),
  );
}

describe("a bundle", () => {
  test("has a revision, an entrypoint, a program and data", async () => {
    const bundle = await readBundle(await tinyBundle({ revision: "2026-11", data: '{"roles":{"a":1}}' }));
    expect(bundle).toMatchObject({ revision: "2026-11", entrypoint: tinyEntrypoint });
    expect(Buffer.from(bundle.data).toString()).toBe('{"roles":{"a":1}}');
    expect(Buffer.from(bundle.wasm.subarray(0, 4)).toString("latin1")).toBe("\0asm");
  });

  test("without a revision is known by its digest; without data it has none", async () => {
    const bundle = await readBundle(await archiveOf(good));
    expect(bundle.revision).toMatch(/^sha256:[0-9a-f]{12}$/);
    expect(Buffer.from(bundle.data).toString()).toBe("{}");
  });

  test("may have Rego sources, a signature and folders beside", async () => {
    const more: readonly Entry[] = [
      [{ name: "/policies/", type: "directory" }],
      [{ name: "/policies/main.rego" }, "package a"],
      [{ name: "/.signatures.json" }, "{}"],
    ];
    expect(await withMore(...more)).toBe("read");
  });

  test("is refused where its manifest is missing, is none, or names not one entrypoint", async () => {
    expect(await refusal(await archiveOf([[{ name: "a" }, "b"]]))).toContain("it has no .manifest");
    expect(await withManifest("{")).toBe("its .manifest is no JSON");
    for (const none of [
      {},
      [],
      { wasm: [] },
      { wasm: "a" },
      { wasm: [{}] },
      { wasm: [{ entrypoint: 1, module: "a" }] },
    ]) {
      expect(await withManifest(none)).toContain("names no entrypoint");
    }
    const [one, two] = ["a/b", "a/c"].map((entrypoint) => ({ entrypoint, module: "policy.wasm" }));
    expect(await withManifest({ wasm: [one, two] })).toContain("names several entrypoints");
    expect(await withManifest({ wasm: [{ entrypoint: "a", module: "other.wasm" }] })).toContain(
      "other.wasm, which is not there",
    );
    for (const revision of [1, "a\nb", "x".repeat(129)]) {
      expect(await withManifest({ revision, wasm: [one] })).toContain("its revision is not a text");
    }
  });

  test("is refused where data is none, or would be left out", async () => {
    expect(await withMore([{ name: "data.json" }, "{"])).toBe("its data.json is no JSON");
    expect(await withMore([{ name: "data.json" }, "[]"])).toBe("its data.json is not an object");
    expect(await withMore([{ name: "data.json" }, Uint8Array.from([0xff])])).toBe("its data.json is no JSON");
    for (const name of ["roles/data.json", "data.yaml"]) {
      expect(await withMore([{ name }, "{}"])).toContain(`${name} is not read`);
    }
  });
});

describe("an archive is refused", () => {
  test("that is larger than it may be, packed or unpacked, or has too many files", async () => {
    const packed = await archiveOf([...good, [{ name: "a" }, randomBytes(2_000)]]);
    expect(await refusal(packed, { ...archiveLimits, packedBytes: 1_000 })).toContain("1000 are the most");
    const bomb = await archiveOf([...good, [{ name: "a" }, Buffer.alloc(20 << 20)]]);
    expect(bomb.length).toBeLessThan(archiveLimits.packedBytes);
    expect(await refusal(bomb)).toBe("unpacked it has more than 16777216 bytes");
    expect(await refusal(packed, { ...archiveLimits, files: 2 })).toBe("it has more than 2 files");
  });

  test("that has paths out of it, names twice, or what is no file", async () => {
    for (const name of ["../policy.wasm", "a/../../b", "a//b", "/etc/../x", "//a", "a\\b", "a/."]) {
      expect(await withMore([{ name }, "x"]), name).toContain("is no path of a file");
    }
    expect(await withMore([{ name: "policy.wasm" }, "another"])).toBe('it has "policy.wasm" twice');
    expect(await withMore([{ name: "link", type: "symlink", linkname: "/etc/passwd" }])).toContain("neither a file");
    expect(await withMore([{ name: "link", type: "link", linkname: "policy.wasm" }])).toContain("neither a file");
  });

  test("that was cut or damaged anywhere, without a word of its content", async () => {
    const packed = await tinyBundle();
    for (const length of [0, 1, 20, packed.length - 1]) {
      expect(await refusal(packed.subarray(0, length))).toBe("it is not a whole gzip file");
    }
    const tar = gunzipSync(packed);
    for (let length = 0; length < tar.length - 512; length += 256) {
      expect(await refusal(gzipSync(tar.subarray(0, length))), String(length)).not.toBe("read");
    }
    expect(await refusal(gzipSync(Buffer.from("some text".repeat(300))))).toBe("it is no tar, or is damaged");
    const damaged = Buffer.from(tar);
    damaged[3] = 0x7a;
    expect(await refusal(gzipSync(damaged))).toBe("it is no tar, or is damaged");
  });
});

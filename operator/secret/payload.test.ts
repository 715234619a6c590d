import { describe, expect, test } from "vitest";
import type { SecretSpec } from "#operator/api/generated/secret.ts";
import { contentTypeOf, PAYLOAD_LIMIT_BYTES, problemOf, randomPassphrase } from "./payload.ts";

describe("content that is brought", () => {
  test.each([
    { name: "a passphrase of text is fine", type: "passphrase", content: Buffer.from("pässword"), problem: undefined },
    { name: "any bytes are fine for type opaque", type: "opaque", content: Buffer.from([0, 255]), problem: undefined },
    {
      name: "as much as the limit is fine",
      type: "opaque",
      content: Buffer.alloc(PAYLOAD_LIMIT_BYTES),
      problem: undefined,
    },
    {
      name: "one byte more is refused with the limit",
      type: "opaque",
      content: Buffer.alloc(PAYLOAD_LIMIT_BYTES + 1),
      problem: /20001 bytes.*20000/,
    },
    { name: "nothing is refused", type: "opaque", content: Buffer.alloc(0), problem: /is empty/ },
    {
      name: "a passphrase that is no text is refused",
      type: "passphrase",
      content: Buffer.from([0xff, 0xfe]),
      problem: /UTF-8/,
    },
  ] as const)("$name", ({ type, content, problem }) => {
    const said = problemOf(type, content);
    if (problem === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(problem);
  });
});

describe("the content type", () => {
  const types: readonly (readonly [SecretSpec["type"], string])[] = [
    ["passphrase", "text/plain"],
    ["opaque", "application/octet-stream"],
    ["symmetric", "application/octet-stream"],
    ["private", "application/octet-stream"],
    ["public", "application/octet-stream"],
    ["certificate", "application/octet-stream"],
  ];
  test.each(types)("of type %s is %s", (type, contentType) => {
    expect(contentTypeOf(type)).toBe(contentType);
  });
});

describe("a random passphrase", () => {
  test("has the length and is of letters and digits", () => {
    expect(randomPassphrase(64).toString()).toMatch(/^[A-Za-z0-9]{64}$/);
  });

  test("uses every character", () => {
    expect(new Set(randomPassphrase(10_000).toString()).size).toBe(62);
  });
});

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { formsOf } from "./forms.ts";
import { searcherFor } from "./search.ts";

const value = 'canary-"7f3a/9e?~ü-b41c+end';
const search = searcherFor([{ name: "the canary", value }]);
const around = (middle: Buffer | string): Buffer =>
  Buffer.concat([randomBytes(100), Buffer.from(middle), randomBytes(100)]);
const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");

describe("a canary is found", () => {
  test.each([
    ["as it is", value],
    ["in a JSON text", JSON.stringify({ password: value })],
    ["in a URL", `https://example.org/?q=${encodeURIComponent(value)}`],
    ["in hex", Buffer.from(value).toString("hex")],
    ["in hex of capitals", Buffer.from(value).toString("hex").toUpperCase()],
    ["in base64 alone", base64(value)],
    ["in base64 after one byte", base64(`a${value}and more`)],
    ["in base64 after two bytes", base64(`ab${value}and more`)],
    ["in base64 after three bytes", base64(`abc${value}`)],
    ["in URL-safe base64", Buffer.from(`a${value}`).toString("base64url")],
    ["in base64 of base64 at odd offsets", base64(`{"data":"${base64(`xy${value}.`)}"}`)],
    ["in a gzip stream", gzipSync(`user data: ${value}`)],
    ["in a gzip stream whose end is missing", gzipSync(`${"x".repeat(500)}${value}`).subarray(0, -8)],
    ["in a gzip stream in base64", base64(gzipSync(`user data: ${value}`))],
    ["in base64 in a gzip stream in a gzip stream", gzipSync(gzipSync(base64(`a${value}`)))],
  ])("%s", (_, bytes) => {
    expect(search(around(bytes)).map(({ canary }) => canary)).toContain("the canary");
  });

  test("in MIME's base64, wherever a line ends, and in a core Secret that holds such a text", () => {
    for (let before = 0; before < 76; before += 1) {
      const text = base64(Buffer.concat([randomBytes(100 + before), Buffer.from(value), randomBytes(40)]));
      const lines = `Content-Transfer-Encoding: base64\r\n\r\n${text.replace(/.{76}/g, "$&\r\n")}\r\n--end--`;
      expect(search(Buffer.from(lines)).length).toBeGreaterThan(0);
      expect(search(Buffer.from(JSON.stringify({ data: { userdata: base64(lines) } }))).length).toBeGreaterThan(0);
    }
  });

  test("at every offset of a longer base64 text, whatever stands around it", () => {
    for (let before = 0; before < 24; before += 1) {
      const text = base64(around(Buffer.concat([randomBytes(before), Buffer.from(value), randomBytes(7)])));
      expect(search(Buffer.from(text)).length).toBeGreaterThan(0);
    }
  });
});

describe("nothing is found", () => {
  test.each([
    ["in random bytes", randomBytes(100_000)],
    ["in a part of the canary", Buffer.from(value.slice(0, -1))],
    ["in a gzip stream of something else", gzipSync("something else")],
    ["in what only begins as a gzip stream does", Buffer.from([0x1f, 0x8b, 0x08, 0xff, 1, 2, 3])],
    ["in nothing", Buffer.alloc(0)],
  ])("%s", (_, bytes) => {
    expect(search(bytes)).toEqual([]);
  });
});

test("a report names the canary and its form and never the value", () => {
  const hits = search(gzipSync(Buffer.from(value).toString("hex")));
  expect(hits).toEqual([{ canary: "the canary", form: "gzip at 0: hex" }]);
});

test("a value that chance could write is refused", () => {
  expect(() => formsOf("short")).toThrow("12 bytes or more");
});

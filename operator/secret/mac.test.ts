import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hasMac, type MacKey, macOf } from "./mac.ts";

const key: MacKey = { bytes: randomBytes(32) };
const owner = { installation: "local", object: "team-a/db" };
const content = Buffer.from("the content");
const mac = macOf(key, owner, "version 1", content);

describe("a keyed MAC", () => {
  test("knows the content again", () => {
    expect(hasMac(key, owner, "version 1", content, mac)).toBe(true);
  });

  test("knows other content", () => {
    expect(hasMac(key, owner, "version 1", Buffer.from("other content"), mac)).toBe(false);
  });

  test("says nothing where there is none, or where it is of another key", () => {
    expect(hasMac(key, owner, "version 1", content, undefined)).toBeUndefined();
    expect(hasMac({ bytes: randomBytes(32) }, owner, "version 1", content, mac)).toBeUndefined();
  });

  test("differs for equal content of another object, another version and another installation", () => {
    const others = [
      macOf(key, { ...owner, object: "team-a/other" }, "version 1", content),
      macOf(key, { ...owner, installation: "other" }, "version 1", content),
      macOf(key, owner, "version 2", content),
    ];
    expect(new Set([mac, ...others]).size).toBe(4);
  });

  test("holds nothing of the content", () => {
    expect(mac).not.toContain(content.toString("base64url"));
    expect(mac).toMatch(/^[\w-]{8}\.[\w-]{43}$/);
  });
});

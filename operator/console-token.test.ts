import { describe, expect, test } from "vitest";
import { consoleAddressOf, consoleUrl, hashOf, isTokenOf, newToken } from "./console-token.ts";

describe("a token", () => {
  test("has 256 bits, and no two are the same", () => {
    const tokens = Array.from({ length: 1000 }, newToken);
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens) expect(Buffer.from(token, "base64url")).toHaveLength(32);
  });

  test("is known by its hash, and another is not", () => {
    const token = newToken();
    expect(isTokenOf(hashOf(token), token)).toBe(true);
    expect(isTokenOf(hashOf(token), newToken())).toBe(false);
    expect(hashOf(token)).not.toContain(token);
  });

  test.each([undefined, "", "ab", hashOf("x").toUpperCase(), hashOf(newToken()).slice(1)])(
    "is not that of %j, which is no hash",
    (hash) => expect(isTokenOf(hash, "x")).toBe(false),
  );
});

describe("a console's URL", () => {
  const address = { namespace: "team-a", name: "web-1", token: newToken() };
  const target = (url: string): string => url.slice("wss://consoles.example.org".length);

  test("is read back as it was made", () => {
    const url = consoleUrl("wss://consoles.example.org", address);
    expect(url.startsWith("wss://consoles.example.org/remoteconsoles/team-a/web-1?token=")).toBe(true);
    expect(consoleAddressOf(target(url))).toEqual(address);
  });

  const good = target(consoleUrl("wss://consoles.example.org", address));
  test.each([
    ["no token", "/remoteconsoles/team-a/web-1"],
    ["a shorter token", good.slice(0, -1)],
    ["a longer token", `${good}A`],
    ["something more", `${good}&to=https://elsewhere.example`],
    ["another path", good.replace("remoteconsoles", "consoles")],
    ["a path that leads elsewhere", good.replace("web-1", "..%2f..%2fsecrets")],
    ["an address of its own", `http://elsewhere.example${good}`],
  ])("is none with %s", (_what, text) => expect(consoleAddressOf(text)).toBeUndefined());
});

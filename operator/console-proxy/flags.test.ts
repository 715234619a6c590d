import { describe, expect, test } from "vitest";
import { UsageError } from "#runtime/manager/flags.ts";
import { parseFlags } from "./flags.ts";

describe("flags", () => {
  test("the address of people is all that must be given", () => {
    expect(parseFlags(["--console-url", "wss://consoles.example.org"])).toMatchObject({
      listen: { host: "127.0.0.1", port: 6083 },
      health: { host: "127.0.0.1", port: 8080 },
      allowedOrigins: ["https://consoles.example.org"],
    });
  });

  test("other origins are added", () => {
    const { allowedOrigins } = parseFlags([
      ...["--console-url", "ws://localhost:6083/"],
      ...["--allow-origin", "https://a.example", "--allow-origin", "http://b.example:8080"],
    ]);
    expect(allowedOrigins).toEqual(["http://localhost:6083", "https://a.example", "http://b.example:8080"]);
  });

  test.each([
    [[], /--console-url must be given/],
    [["--console-url", "https://consoles.example.org"], /wss:\/\/HOST/],
    [["--console-url", "wss://consoles.example.org/consoles"], /wss:\/\/HOST/],
    [["--console-url", "wss://me@consoles.example.org"], /wss:\/\/HOST/],
    [["--console-url", "ws://a", "--listen", "6083"], /--listen must be HOST:PORT/],
    [["--console-url", "ws://a", "--allow-origin", "*"], /--allow-origin must be an origin/],
    [["--console-url", "ws://a", "--allow-origin", "https://a.example/"], /--allow-origin must be an origin/],
  ])("%j is refused in words", (argv, words) => {
    expect(() => parseFlags(argv)).toThrow(UsageError);
    expect(() => parseFlags(argv)).toThrow(words);
  });
});

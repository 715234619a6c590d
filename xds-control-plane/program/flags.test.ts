import { expect, test } from "vitest";
import { UsageError } from "#runtime/manager/flags.ts";
import { parseFlags } from "./flags.ts";

test("proxies are served on this machine alone", () => {
  expect(parseFlags([]).listen).toBe("127.0.0.1:18000");
  for (const listen of ["unix:/run/xds.sock", "[::1]:1", "127.0.0.1:0"]) {
    expect(parseFlags(["--listen", listen]).listen).toBe(listen);
  }
  for (const listen of ["0.0.0.0:18000", "10.0.0.1:1", "example.test:1", ":1", "unix:"]) {
    expect(() => parseFlags(["--listen", listen])).toThrow(UsageError);
  }
});

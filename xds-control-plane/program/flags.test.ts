import { expect, test } from "vitest";
import { UsageError } from "#runtime/manager/flags.ts";
import { parseFlags } from "./flags.ts";

test("in clear text proxies are served on this machine alone", () => {
  expect(parseFlags([]).listen).toEqual({ kind: "tcp", host: "127.0.0.1", port: 18_000 });
  expect(parseFlags(["--listen", "[::1]:1"]).listen).toEqual({ kind: "tcp", host: "::1", port: 1 });
  expect(parseFlags(["--listen", "127.0.0.1:0"]).listen).toEqual({ kind: "tcp", host: "127.0.0.1", port: 0 });
  expect(parseFlags(["--listen", "unix:/run/xds.sock"]).listen).toEqual({ kind: "unix", path: "/run/xds.sock" });
  for (const listen of ["0.0.0.0:18000", "10.0.0.1:1", "[::]:1", "example.test:1", ":1", "unix:", "127.0.0.1:99999"]) {
    expect(() => parseFlags(["--listen", listen])).toThrow(UsageError);
  }
});

test("what is served is shown to people on this machine alone, and only where that is asked for", () => {
  expect(parseFlags([]).debug).toBeUndefined();
  expect(parseFlags(["--debug-address", "[::1]:1"]).debug).toEqual({ host: "::1", port: 1 });
  for (const address of ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost"]) {
    expect(() => parseFlags(["--debug-address", address])).toThrow(UsageError);
  }
});

test("who runs Gateways' proxies is said", () => {
  expect(parseFlags([]).gateways).toBe("elsewhere");
  expect(parseFlags(["--deployed-gateways"]).gateways).toBe("deployed");
});

test("with an identity they are served on every address, and never without TLS", () => {
  const secured = (listen: string) => parseFlags(["--workload-api", "unix:///run/agent.sock", "--listen", listen]);
  expect(secured("0.0.0.0:18000")).toMatchObject({
    listen: { kind: "tcp", host: "0.0.0.0", port: 18_000 },
    workloadApi: "unix:///run/agent.sock",
  });
  expect(secured("[::]:1").listen).toEqual({ kind: "tcp", host: "::", port: 1 });
  expect(() => secured("unix:/run/xds.sock")).toThrow(UsageError);
});

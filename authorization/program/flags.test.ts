import { expect, test } from "vitest";
import { UsageError } from "#runtime/manager/flags.ts";
import { parseFlags } from "./flags.ts";

const bundle = ["--bundle", "/policy/bundle.tar.gz"];
const agent = ["--workload-api", "unix:///run/agent.sock"];
const caller = "spiffe://mesh.test/ns/edge/sa/edge-gateway";

test("a socket is for this pod's own proxies", () => {
  expect(parseFlags([...bundle, "--listen", "unix:/run/authorization.sock"])).toEqual({
    bundle: "/policy/bundle.tar.gz",
    listen: { kind: "unix", path: "/run/authorization.sock" },
    health: { host: "127.0.0.1", port: 8_080 },
    logLevel: "info",
  });
});

test("over a network those ask who are named, by mutual TLS", () => {
  const flags = parseFlags([...bundle, ...agent, "--listen", "0.0.0.0:9191", "--caller", caller]);
  expect(flags.listen).toEqual({
    kind: "mtls",
    host: "0.0.0.0",
    port: 9_191,
    workloadApi: "unix:///run/agent.sock",
    callers: [caller],
  });
});

test.each<readonly [string, readonly string[]]>([
  ["--bundle must be given", ["--listen", "unix:/a"]],
  ["--listen must be given", bundle],
  ["--listen must be unix:/PATH", [...bundle, "--listen", "127.0.0.1:9191"]],
  ["--listen must be unix:/PATH", [...bundle, "--listen", "unix:relative"]],
  ["--listen must be HOST:PORT", [...bundle, ...agent, "--listen", "unix:/a", "--caller", caller]],
  ["--caller must be given", [...bundle, ...agent, "--listen", "0.0.0.0:1"]],
  ["--caller must be a SPIFFE ID", [...bundle, ...agent, "--listen", "0.0.0.0:1", "--caller", "everybody"]],
  ["--caller must be a SPIFFE ID", [...bundle, ...agent, "--listen", "0.0.0.0:1", "--caller", "spiffe://mesh.test"]],
  ["--caller goes with", [...bundle, "--listen", "unix:/a", "--caller", caller]],
  ["--health-address must be", [...bundle, "--listen", "unix:/a", "--health-address", "8080"]],
  ["--log-level", [...bundle, "--listen", "unix:/a", "--log-level", "loud"]],
  ["'--kubeconfig'", [...bundle, "--listen", "unix:/a", "--kubeconfig", "x"]],
])("%s: %j", (problem, argv) => {
  expect(() => parseFlags(argv)).toThrow(UsageError);
  expect(() => parseFlags(argv)).toThrow(problem);
});

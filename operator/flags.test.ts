import { describe, expect, test } from "vitest";
import { UsageError } from "#runtime/manager/flags.ts";
import { parseFlags } from "./flags.ts";

describe("flags", () => {
  test("the installation id is all that must be given", () => {
    expect(parseFlags(["--installation-id", "local"])).toMatchObject({
      installationId: "local",
      namespace: "nephele-system",
      leaderElect: true,
      controllers: undefined,
      health: { host: "127.0.0.1", port: 8080 },
      platform: {
        imageRegistry: "docker.io/nephele",
        userNamespaces: true,
        trustDomain: undefined,
        sidecars: undefined,
        gateways: false,
      },
      spire: undefined,
    });
  });

  test("SPIRE is given whole, and its trust domain is the pods' too", () => {
    const { spire, platform } = parseFlags([
      ...["--installation-id", "local", "--trust-domain", "cloud.test"],
      ...["--spire-server", "spire.example:8081", "--workload-api", "unix:///run/agent.sock", "--root-on-disk"],
    ]);
    expect(spire).toEqual({
      trustDomain: "cloud.test",
      server: "spire.example:8081",
      workloadApi: "unix:///run/agent.sock",
      rootOnDisk: true,
    });
    expect(platform.trustDomain).toBe("cloud.test");
  });

  test("what sidecars are told is there where Clouds are to have them, and only with identities", () => {
    const mesh = ["--xds-server", "xds.example:18000", "--agent-folder", "/run/agent"];
    const told = {
      trustDomain: "a.b",
      xds: { host: "xds.example", port: 18_000, namespace: "here" },
      agentFolder: "/run/agent",
    };
    const given = [...spireFlags({ "trust-domain": "a.b" }), "--namespace", "here", ...mesh];
    expect(parseFlags([...given, "--cloud-sidecars"]).platform.sidecars).toEqual(told);
    expect(parseFlags(given).platform.sidecars).toBeUndefined();
  });

  test("Gateways' proxies are run where that is asked for, as the mesh is", () => {
    const argv = meshFlags("xds.example:18000");
    expect(parseFlags(argv).gateways).toBeUndefined();
    const given = ["--gateways", "--gateway-service", "ClusterIP", "--gateway-replicas", "3"];
    expect(parseFlags([...argv, ...given]).gateways).toEqual({
      imageRegistry: "docker.io/nephele",
      userNamespaces: true,
      trustDomain: "a.b",
      xds: { host: "xds.example", port: 18000, namespace: "nephele-system" },
      agentFolder: "/run/nephele/spire-agent",
      replicas: 3,
      serviceType: "ClusterIP",
    });
  });

  test.each([
    ["sidecars that nobody configures", [...spireFlags({}), "--cloud-sidecars"], "--cloud-sidecars needs --xds-server"],
    [
      "a control plane without identities",
      ["--installation-id", "local", "--xds-server", "a:1", "--agent-folder", "/a"],
      "with --trust-domain",
    ],
    ["no installation id", [], "--installation-id must be given"],
    [
      "an installation id that Keystone's tags cannot carry",
      ["--installation-id", "a/b"],
      "--installation-id must be given",
    ],
    ["an unknown flag", ["--installation-id", "local", "--wat"], "Unknown option '--wat'"],
    [
      "a health address without a port",
      ["--installation-id", "local", "--health-address", "here"],
      "must be host:port",
    ],
    ["a resync that is no number", ["--installation-id", "local", "--resync", "10m"], "--resync must be seconds"],
    [
      "a trust domain without a server",
      ["--installation-id", "local", "--trust-domain", "a.b"],
      "must be given together",
    ],
    ["a trust domain with a path", spireFlags({ "trust-domain": "a.b/c" }), "--trust-domain: "],
    ["a server without a port", spireFlags({ "spire-server": "spire" }), "--spire-server must be host:port"],
    ["an agent over the network", spireFlags({ "workload-api": "tcp://a:1" }), "--workload-api must be unix:///PATH"],
    [
      "a control plane without identities",
      ["--installation-id", "local", "--xds-server", "xds:1", "--agent-folder", "/run"],
      "must be given together, with --trust-domain",
    ],
    ["a control plane without a port", meshFlags("xds"), "--xds-server must be host:port"],
    ["Gateways without a control plane", [...spireFlags({}), "--gateways"], "--gateways needs --xds-server"],
    [
      "a kind of Service that there is not",
      [...meshFlags("xds:1"), "--gateways", "--gateway-service", "ExternalName"],
      "--gateway-service must be one of LoadBalancer, NodePort, ClusterIP",
    ],
    [
      "no proxies at all",
      [...meshFlags("xds:1"), "--gateways", "--gateway-replicas", "0"],
      "--gateway-replicas must be 1 to 100",
    ],
    ["an unknown log level", ["--installation-id", "local", "--log-level", "loud"], "--log-level must be one of"],
  ])("%s is a usage error", (_name, argv, message) => {
    expect(() => parseFlags(argv)).toThrow(UsageError);
    expect(() => parseFlags(argv)).toThrow(message);
  });

  test("a resync is given in seconds", () => {
    expect(parseFlags(["--installation-id", "local", "--resync", "5"]).resyncMs).toBe(5_000);
    expect(parseFlags(["--installation-id", "local"]).resyncMs).toBeUndefined();
  });

  test("controllers are a list, and health can be off", () => {
    const flags = parseFlags([
      "--installation-id",
      "local",
      "--controllers",
      "project,secret",
      "--health-address",
      "off",
    ]);
    expect(flags.controllers).toEqual(["project", "secret"]);
    expect(flags.health).toBeUndefined();
  });
});

/** Flags of a SPIRE, one of them another. */
function spireFlags(other: Readonly<Record<string, string>>): readonly string[] {
  const flags = { "trust-domain": "a.b", "spire-server": "spire:8081", "workload-api": "unix:///a.sock", ...other };
  return ["--installation-id", "local", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])];
}

/** With a mesh that a control plane configures. */
function meshFlags(server: string): readonly string[] {
  return [...spireFlags({}), "--xds-server", server, "--agent-folder", "/run/nephele/spire-agent"];
}

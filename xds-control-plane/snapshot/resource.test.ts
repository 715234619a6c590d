import { describe, expect, test } from "vitest";
import type { Kind } from "../proto/kinds.ts";
import { InvalidResource, type Json, resource } from "./resource.ts";

// The first resource loads Envoy's descriptors: that is no test's time.
resource("cluster", { name: "first" });

const ads = { ads: {}, resourceApiVersion: "V3" };
const routes = [{ match: { prefix: "/" }, route: { cluster: "a" } }];
const host = (name: string, domain: string): Json => ({ name, domains: [domain], routes });

describe("obligation 15: a bad resource is refused at the door, with its name and what is wrong", () => {
  test.each<[string, Kind, Json, string]>([
    ["no name", "cluster", {}, "it has no name (name)"],
    ["the name of all", "cluster", { name: "*" }, "stands for all"],
    ["a misspelt field", "cluster", { name: "a", conectTimeout: "1s" }, 'unknown field: "conectTimeout"'],
    ["a field in another spelling", "cluster", { name: "a", alt_stat: "x" }, "unknown field"],
    ["an unknown enum value", "cluster", { name: "a", type: "EDSX" }, 'unknown enum value: "EDSX"'],
    ["a value out of its range", "cluster", { name: "a", connectTimeout: "0s" }, "connectTimeout must be more than 0"],
    [
      "a port that there is not",
      "endpoint",
      {
        clusterName: "a",
        endpoints: [
          { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "::1", portValue: 70_000 } } } }] },
        ],
      },
      "portValue must be at most 65535",
    ],
    [
      "a choice that is not made",
      "route",
      { name: "r", virtualHosts: [{ name: "h", domains: ["*"], routes: [{ match: { prefix: "/" } }] }] },
      "action must be set",
    ],
    [
      "a list that is too short",
      "route",
      { name: "r", virtualHosts: [{ name: "h", domains: [] }] },
      "domains must have at least 1",
    ],
    [
      "two hosts of one name",
      "route",
      { name: "r", virtualHosts: [host("h", "x"), host("h", "y")] },
      'two hosts called "h"',
    ],
    [
      "two hosts of one domain",
      "route",
      { name: "r", virtualHosts: [host("g", "x"), host("h", "X")] },
      'the domain "X"',
    ],
    [
      "a message of an unknown type",
      "extensionConfig",
      { name: "x", typedConfig: { "@type": "type.googleapis.com/no.Such" } },
      "no.Such",
    ],
    [
      "a rule broken inside an Any",
      "listener",
      {
        name: "l",
        filterChains: [
          {
            filters: [
              {
                name: "t",
                typedConfig: {
                  "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                  cluster: "a",
                },
              },
            ],
          },
        ],
      },
      "statPrefix must not be empty",
    ],
    [
      "more than can be sent",
      "secret",
      { name: "s", genericSecret: { secret: { inlineString: "x".repeat(5_000_000) } } },
      "bytes, at most",
    ],
  ])("%s", (_sentence, kind, message, problem) => {
    const attempt = (): unknown => resource(kind, message);
    expect(attempt).toThrow(InvalidResource);
    expect(attempt).toThrow(problem);
  });
});

describe("a resource", () => {
  test("may hold a wrapped number's zero", () => {
    const outlierDetection = { maxEjectionPercent: 0 };
    expect(resource("cluster", { name: "c", connectTimeout: "1s", outlierDetection }).name).toBe("c");
  });

  test("has the version of its content: the same for the same, another for another, its TTL included", () => {
    const version = (timeout: string, ttlMs?: number): string =>
      resource("cluster", { name: "a", connectTimeout: timeout }, ttlMs === undefined ? {} : { ttlMs }).version;
    expect(version("1s")).toBe(version("1s"));
    expect(new Set([version("1s"), version("2s"), version("1s", 1000)]).size).toBe(3);
  });

  test("names what it needs of others, also inside Anys; what does not come over ADS is not ours", () => {
    const manager = (configSource: Json): Json => ({
      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      statPrefix: "x",
      rds: { routeConfigName: "r", configSource },
    });
    const listener = (source: Json): Json => ({
      name: "l",
      filterChains: [{ filters: [{ name: "http", typedConfig: manager(source) }] }],
    });
    expect(resource("listener", listener(ads)).references.subscribes).toEqual([{ kind: "route", name: "r" }]);
    expect(resource("listener", listener({ path: "/x" })).references.subscribes).toEqual([]);
    const eds = { name: "a", type: "EDS", edsClusterConfig: { edsConfig: ads, serviceName: "b" } };
    expect(resource("cluster", eds).references.subscribes).toEqual([{ kind: "endpoint", name: "b" }]);
    const { uses } = resource("route", { name: "r", virtualHosts: [host("h", "x")] }).references;
    expect(uses).toEqual([{ kind: "cluster", name: "a" }]);
  });

  test("that is a virtual host can be asked for by its exact domains", () => {
    const message = { name: "h", domains: ["a.example", "*.b.example"], routes };
    expect(resource("virtualHost", message, { name: "r/h" }).aliases).toEqual(["r/a.example"]);
  });
});

import { caseOf, chain, proxy, rule, service, to } from "./fixtures.ts";

export const matches = caseOf(
  "http-matches",
  proxy([
    chain([
      {
        hostname: "*.example.test",
        rules: [
          rule("everything"),
          rule("prefix", { matches: [{ path: { kind: "prefix", value: "/api/" } }] }),
          rule("longer-prefix", { matches: [{ path: { kind: "prefix", value: "/api/v2" } }] }),
          rule("exact", { matches: [{ path: { kind: "exact", value: "/a" } }] }),
          rule("expression", { matches: [{ path: { kind: "regex", value: "/v[0-9]+/.*" } }] }),
          rule("method-and-header", {
            matches: [
              {
                path: { kind: "prefix", value: "/api" },
                method: "POST",
                headers: [
                  { name: "x-version", match: { kind: "exact", value: "2" } },
                  { name: "x-user", match: { kind: "regex", value: "a.*" } },
                ],
                query: [{ name: "debug", match: { kind: "exact", value: "1" } }],
              },
              { path: { kind: "exact", value: "/b" } },
            ],
          }),
        ],
      },
      { hostname: "*", rules: [rule("others")] },
    ]),
  ]),
  [service("web")],
);

export const actions = caseOf(
  "http-actions",
  proxy([
    chain([
      {
        hostname: "*",
        rules: [
          rule("weights", {
            matches: [{ path: { kind: "exact", value: "/weights" } }],
            action: {
              kind: "forward",
              backends: [
                to("web", 90),
                { ...to("api", 10), requestHeaders: { set: [{ name: "x-canary", value: "100%" }] } },
              ],
            },
          }),
          rule("a-share-is-missing", {
            matches: [{ path: { kind: "exact", value: "/missing" } }],
            action: { kind: "forward", backends: [to("web", 3), to(undefined, 1)] },
          }),
          rule("nobody", {
            matches: [{ path: { kind: "exact", value: "/nobody" } }],
            action: { kind: "forward", backends: [to("web", 0)] },
          }),
          rule("rewritten", {
            matches: [{ path: { kind: "prefix", value: "/old" } }],
            action: {
              kind: "forward",
              backends: [to("web")],
              hostname: "inner.test",
              path: { kind: "prefix", value: "/new" },
              mirrors: [{ service: "api", perMillion: 250_000 }],
              timeoutMs: 10_000,
              tryTimeoutMs: 2_500,
              retries: { attempts: 2, statusCodes: [502, 503], grpcStatuses: ["unavailable"], backoffMs: 100 },
            },
            requestHeaders: {
              set: [{ name: "x-set", value: "1" }],
              add: [{ name: "x-add", value: "2" }],
              remove: ["x-gone"],
            },
            responseHeaders: { remove: ["server"] },
          }),
          rule("prefix-becomes-root", {
            matches: [{ path: { kind: "prefix", value: "/root" } }],
            action: { kind: "forward", backends: [to("web")], path: { kind: "prefix", value: "/" }, tryTimeoutMs: 500 },
          }),
          rule("whole-path", {
            matches: [{ path: { kind: "prefix", value: "/whole" } }],
            action: { kind: "forward", backends: [to("web")], path: { kind: "full", value: "/one" }, timeoutMs: 0 },
          }),
          rule("redirect", {
            matches: [{ path: { kind: "prefix", value: "/moved" } }],
            action: {
              kind: "redirect",
              status: 308,
              scheme: "https",
              hostname: "new.example.test",
              path: { kind: "prefix", value: "/there" },
            },
          }),
          rule("redirect-here", {
            matches: [{ path: { kind: "prefix", value: "/here" } }],
            action: { kind: "redirect", status: 302, path: { kind: "full", value: "/there" } },
          }),
          rule("respond", {
            matches: [{ path: { kind: "exact", value: "/gone" } }],
            action: { kind: "respond", status: 410, body: "gone" },
          }),
        ],
      },
    ]),
  ]),
  [service("web"), service("api")],
);

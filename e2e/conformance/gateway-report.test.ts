import { expect, test } from "vitest";
import { type ConformanceReport, gatewayReportText } from "./gateway-report.ts";

const report: ConformanceReport = {
  gatewayAPIVersion: "v1.6.3",
  gatewayAPIChannel: "standard",
  profiles: [
    {
      name: "GATEWAY-HTTP",
      core: {
        result: "failure",
        statistics: { Passed: 30, Failed: 1, Skipped: 0 },
        failedTests: ["HTTPRouteWeight"],
      },
      extended: {
        result: "success",
        statistics: { Passed: 2, Failed: 0, Skipped: 0 },
        supportedFeatures: ["HTTPRouteMethodMatching"],
        unsupportedFeatures: ["ListenerSet", "GatewayStaticAddresses"],
      },
    },
    { name: "GATEWAY-TLS", core: { result: "success", statistics: { Passed: 9, Failed: 0, Skipped: 0 } } },
  ],
};

test("a report is told by profile and level, with the reason of each test that does not pass", () => {
  const text = gatewayReportText(report, { HTTPRouteWeight: "weights are read upside down" });
  expect(text).toContain("| GATEWAY-HTTP | core | failure | 30 | 1 | 0 |");
  expect(text).toContain("| GATEWAY-HTTP | extended | success | 2 | 0 | 0 |");
  expect(text).toContain("| GATEWAY-TLS | core | success | 9 | 0 | 0 |");
  expect(text).toContain("| HTTPRouteWeight | failed | weights are read upside down |");
  expect(text).toContain("whose tests do not run: GatewayStaticAddresses, ListenerSet.");
});

test("a test that fails without a reason is refused by its name", () => {
  expect(() => gatewayReportText(report, {})).toThrow(/why these do not pass: HTTPRouteWeight/);
});

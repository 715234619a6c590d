import { expect, test } from "vitest";
import type { AuditEvent } from "#e2e/proofs/audit-log.ts";
import { OPERATOR, writesReport } from "./writes-report.ts";

const write = (verb: string, resource: string, subresource?: string): AuditEvent => ({
  auditID: "",
  stage: "ResponseComplete",
  verb,
  user: { username: OPERATOR.user },
  userAgent: "nephele-operator/0.1.0",
  objectRef: { resource, namespace: "a", name: "b", ...(subresource === undefined ? {} : { subresource }) },
  requestURI: "/",
});
const events = [write("patch", "servers", "status"), write("patch", "servers", "status"), write("create", "events")];
const counted = {
  ...write("patch", "projects", "status"),
  objectRef: { resource: "projects", apiGroup: "nephele.dev", name: "a", subresource: "status" },
};
const made = [{ kind: "Server", objects: 2, seconds: 4, cpuSeconds: 0.1, events }];
const quiet = { minutes: 12, passes: { server: 2000, cloud: 0 }, cpuSeconds: 1, rss: 1024 ** 2, events: [] };

test("writes an object, Events apart, by verb and kind", () => {
  expect(writesReport("2 cores", made, quiet)).toContain(
    "| Server | 2 | 1.00 | 0.00 | 0.50 | patch servers/status 1.00 | 50.0 | 0.5 |",
  );
});

test("counts of who is used stand apart from an object's own writes", () => {
  expect(
    writesReport(
      "2 cores",
      [{ ...made[0], kind: "Server", objects: 2, seconds: 4, cpuSeconds: 0.1, events: [...events, counted] }],
      quiet,
    ),
  ).toContain("| Server | 2 | 1.00 | 0.50 | 0.50 |");
});

test("nothing is written at rest, and how often was looked", () => {
  expect(writesReport("2 cores", made, quiet)).toMatch(/\*\*0 writes\*\*\. Passes in that time: server 2,000\./);
});

test("control: what is written at rest is named", () => {
  expect(writesReport("2 cores", made, { ...quiet, events })).toContain("**2 writes** (patch servers/status 2)");
});

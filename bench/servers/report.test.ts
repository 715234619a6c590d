import { expect, test } from "vitest";
import { serversReport } from "./report.ts";

test("the page has medians of ratios, writes for each Server, and what was written at rest", () => {
  const pairs = [
    { server: 11, made: 0.3, bare: 10, writes: 4 },
    { server: 20, made: 0.5, bare: 20, writes: 5 },
    { server: 9, made: 0.4, bare: 10, writes: 4 },
  ];
  const byKind = { "patch servers.nephele.dev/status": 8, "patch images.nephele.dev/status": 1 };
  const writes = { total: 9, events: 1, byKind, byObject: {} };
  const memory = { guests: 800 * 2 ** 20, operator: 120 * 2 ** 20 };
  const many = { activeAfter: [12, 25.4], upAfter: [30, 41.2], writes, memory };
  const rest = { minutes: 12, writes: { ...writes, total: 3 } };
  const page = serversReport("a machine", pairs, many, rest);
  for (const row of [
    "| Server over VirtualMachine, median of the runs' ratios | +0.0 % | +3 % |",
    "| of it, until its VirtualMachine is there, median | 0.4 s |  |",
    "| 2 Servers at once: last is ACTIVE | 25 s |  |",
    "| 2 Servers at once: last guest answers | 41 s |  |",
    "| 2 Servers at once: memory of each, with the machine around it | 400 MiB |  |",
    "| writes of the operator for a Server by itself, median | 4 | 4 |",
    "| writes of the operator until ACTIVE, each of 2 at once | 4.00 |  |",
    "| the same with those that count Servers, in Project, Flavor and Image | 4.50 |  |",
    "| writes at rest, 2 Servers, 12 minutes | 3 | 0 |",
  ])
    expect(page).toContain(row);
  expect(page).toContain("patch servers.nephele.dev/status 4.00");
  const untold = serversReport("a machine", pairs, { ...many, memory: { guests: 0, operator: 0 } }, rest);
  expect(untold).toContain("| 2 Servers at once: memory of the operator, all its replicas | not counted |  |");
});

import { expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import { backupReport, drillReport } from "./backup-report.ts";

const pod = (exitCode: number, message: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "p",
    namespace: "n",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-11-25T10:00:00Z",
  },
  status: {
    containerStatuses: [
      {
        name: "backup",
        image: "i",
        imageID: "i",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, message } },
      },
    ],
  },
});
const report = { name: "20261125T100000Z", completedAt: "2026-11-25T10:01:00.250Z", bytes: 5890, kept: 2 };

test("is what the pod that ended well said", () => {
  const { name: _name, ...rest } = report;
  expect(backupReport([pod(1, "disk full"), pod(0, JSON.stringify(report))])).toEqual(rest);
});

test("of a drill is told the same way", () => {
  const drilled = { name: "20261125T100000Z", projects: 3, secrets: 5, tried: 2 };
  expect(drillReport([pod(0, JSON.stringify(drilled))])).toEqual({ projects: 3, secrets: 5 });
  expect(drillReport([pod(0, JSON.stringify(report))])).toBeUndefined();
});

test.each([
  ["no pod is left", []],
  ["none ended well", [pod(1, JSON.stringify(report))]],
  ["it said something else", [pod(0, "done")]],
  ["a number is none", [pod(0, JSON.stringify({ ...report, bytes: "many" }))]],
  ["a number is too small", [pod(0, JSON.stringify({ ...report, kept: -1 }))]],
  ["a time is none", [pod(0, JSON.stringify({ ...report, completedAt: "soon" }))]],
])("is not known where %s", (_says, pods) => {
  expect(backupReport(pods)).toBeUndefined();
});

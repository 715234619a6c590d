import { describe, expect, test } from "vitest";
import type { DataVolume } from "#operator/api/foreign.ts";
import { type ImportState, importState } from "./decide.ts";

function volume(status: DataVolume["status"] = {}): DataVolume {
  const metadata = {
    name: "debian-13",
    namespace: "team-a",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-11-23T10:00:00Z",
  };
  return {
    apiVersion: "cdi.kubevirt.io/v1beta1",
    kind: "DataVolume",
    metadata,
    ...(status === undefined ? {} : { status }),
  };
}

const failing = {
  type: "Running",
  status: "False",
  reason: "Error",
  message: "Unable to process data: checksum mismatch",
};

interface Row {
  readonly name: string;
  readonly volume: DataVolume | undefined;
  readonly before?: ImportState["phase"];
  readonly is: ImportState;
}

const tried: DataVolume["status"] = {
  phase: "ImportInProgress",
  conditions: [{ type: "Running", status: "True" }],
};

const TABLE: readonly Row[] = [
  { name: "no volume yet", volume: undefined, is: { phase: "queued" } },
  { name: "a volume that CDI has not seen", volume: volume(), is: { phase: "queued" } },
  { name: "Pending", volume: volume({ phase: "Pending", progress: "N/A" }), is: { phase: "queued" } },
  { name: "WaitForFirstConsumer", volume: volume({ phase: "WaitForFirstConsumer" }), is: { phase: "queued" } },
  {
    name: "ImportScheduled",
    volume: volume({ phase: "ImportScheduled", progress: "N/A" }),
    is: { phase: "importing" },
  },
  {
    name: "ImportInProgress with progress",
    volume: volume({ phase: "ImportInProgress", progress: "42.57%" }),
    is: { phase: "importing", progress: 42 },
  },
  {
    name: "a copy of a volume",
    volume: volume({ phase: "CloneInProgress", progress: "7.00%" }),
    is: { phase: "importing", progress: 7 },
  },
  {
    name: "an upload that nobody has begun",
    volume: volume({ phase: "UploadReady" }),
    is: { phase: "queued", takesUpload: true },
  },
  { name: "an upload whose server is starting", volume: volume({ phase: "UploadScheduled" }), is: { phase: "queued" } },
  {
    name: "Succeeded",
    volume: volume({ phase: "Succeeded", progress: "100.0%" }),
    is: { phase: "active", progress: 100 },
  },
  {
    name: "an importer that no node takes",
    volume: volume({
      phase: "ImportScheduled",
      progress: "N/A",
      conditions: [{ ...failing, reason: "Unschedulable", message: "Importer pod cannot be scheduled" }],
    }),
    is: { phase: "importing", isUnplaced: true },
  },
  {
    name: "a first failure, which CDI tries again",
    volume: volume({ phase: "ImportInProgress", restartCount: 1, conditions: [failing] }),
    is: { phase: "importing", problem: failing.message },
  },
  {
    name: "the third failure",
    volume: volume({ phase: "ImportInProgress", restartCount: 3, conditions: [failing] }),
    is: { phase: "killed", problem: failing.message },
  },
  {
    name: "many restarts and a try under way, of an Image that was killed",
    volume: volume({ ...tried, progress: "1%", restartCount: 5 }),
    before: "killed",
    is: { phase: "killed" },
  },
  {
    name: "a try that succeeds, of an Image that was killed",
    volume: volume({ phase: "Succeeded", restartCount: 5 }),
    before: "killed",
    is: { phase: "active", progress: 100 },
  },
  {
    name: "the first try of another volume, of an Image that was killed",
    volume: volume({ ...tried, progress: "1%" }),
    before: "killed",
    is: { phase: "importing", progress: 1 },
  },
  {
    name: "many restarts that nobody saw fail, and a try under way",
    volume: volume({ ...tried, progress: "1%", restartCount: 5 }),
    before: "importing",
    is: { phase: "importing", progress: 1 },
  },
  {
    name: "Failed",
    volume: volume({ phase: "Failed" }),
    is: { phase: "killed", problem: "CDI gave up without a reason" },
  },
  {
    name: "a claim that is not bound yet",
    volume: volume({
      phase: "Pending",
      conditions: [{ type: "Bound", status: "False", reason: "Pending", message: "PVC x Pending" }],
    }),
    is: { phase: "queued" },
  },
];

describe("from a DataVolume to Glance", () => {
  test.each(TABLE)("$name is $is.phase", ({ volume: seen, before, is }) => {
    expect(importState(seen, before)).toEqual(is);
  });
});

import { describe, expect, test } from "vitest";
import type { Resource } from "#runtime/api/resource.ts";
import type { ImportState } from "../decide.ts";
import type { ImageScope } from "../scope.ts";
import { lookAtImporter } from "./importer.ts";

const CREATED = "2026-11-23T10:00:00Z";
const upload = { upload: {} };
const copy = { volume: { name: "web-1-root-1" } };

const CLAIM = { metadata: { namespace: "team-a", annotations: { "cdi.kubevirt.io/storage.uploadPodName": "writer" } } };
const FULL = { status: { conditions: [{ type: "PodScheduled", status: "False", message: "Insufficient cpu" }] } };
const LAUNCHER = {
  metadata: { name: "virt-launcher-web-1-abc", labels: { "nephele.dev/server": "web-1" } },
  spec: {
    containers: [{ name: "compute", volumeMounts: [{ name: "root", mountPath: "/root" }] }],
    volumes: [{ name: "root", persistentVolumeClaim: { claimName: "web-1-root-1" } }],
  },
  status: { phase: "Running" },
};

/** What is found of an Image in a state, so long after its DataVolume was made, where all is amiss; and how often was asked. */
async function look(source: object, state: ImportState, seconds: number, fails = false) {
  const asked = { get: 0, list: 0 };
  const kube = {
    get: async ({ plural }: Resource) => {
      asked.get += 1;
      if (fails) throw new Error("Forbidden");
      return plural === "pods" ? FULL : CLAIM;
    },
    list: async () => {
      asked.list += 1;
      if (fails) throw new Error("Forbidden");
      return [LAUNCHER];
    },
  };
  const scope = {
    context: {
      object: { metadata: { namespace: "team-a", name: "debian" }, spec: { source } },
      kube,
      now: new Date(Date.parse(CREATED) + seconds * 1_000),
      log: { warn: () => undefined },
    },
    volume: { metadata: { creationTimestamp: CREATED } },
    state,
  } as unknown as ImageScope;
  await lookAtImporter(scope, new AbortController().signal);
  const { unplaced, inUse, lookAgainMs } = scope;
  return { unplaced, inUse, lookAgainMs, asked: asked.get + asked.list };
}

const NOTHING = { unplaced: undefined, inUse: undefined, lookAgainMs: undefined, asked: 0 };
const IN_USE = "Server web-1 to stop: its disk is in use";

describe("an importer", () => {
  test("is asked why only where CDI says that no node takes it", async () => {
    expect(await look({ http: {} }, { phase: "importing" }, 60)).toEqual(NOTHING);
    const found = await look({ http: {} }, { phase: "importing", isUnplaced: true }, 1);
    expect(found).toEqual({ unplaced: "Insufficient cpu", inUse: undefined, lookAgainMs: 10_000, asked: 2 });
  });
});

describe("the server of an upload", () => {
  test("that is not up after half a minute is asked why, and again", async () => {
    const found = await look(upload, { phase: "queued" }, 30);
    expect(found).toEqual({ unplaced: "Insufficient cpu", inUse: undefined, lookAgainMs: 10_000, asked: 2 });
  });

  test("that is younger is asked nothing, but later it is", async () => {
    expect(await look(upload, { phase: "queued" }, 12)).toEqual({ ...NOTHING, lookAgainMs: 18_000 });
  });

  test("that is up, or has its disk, is asked nothing", async () => {
    expect(await look(upload, { phase: "queued", takesUpload: true }, 60)).toEqual(NOTHING);
    expect(await look(upload, { phase: "active", progress: 100 }, 60)).toEqual(NOTHING);
  });
});

describe("a copy", () => {
  test("that has not begun after some seconds says who uses what it copies", async () => {
    const found = await look(copy, { phase: "importing" }, 5);
    expect(found).toEqual({ unplaced: undefined, inUse: IN_USE, lookAgainMs: 10_000, asked: 1 });
  });

  test("that has not begun after half a minute says what keeps its pods, too", async () => {
    const found = await look(copy, { phase: "queued", progress: 0 }, 31);
    expect(found).toEqual({ unplaced: "Insufficient cpu", inUse: IN_USE, lookAgainMs: 10_000, asked: 3 });
  });

  test("that was just made is looked at later", async () => {
    expect(await look(copy, { phase: "importing" }, 2)).toEqual({ ...NOTHING, lookAgainMs: 3_000 });
  });

  test("that goes on, is done or failed is not looked at", async () => {
    for (const state of [{ phase: "importing", progress: 7 }, { phase: "active" }, { phase: "killed" }] as const)
      expect(await look(copy, state, 60)).toEqual(NOTHING);
  });

  test("that cannot be looked at is looked at again, and the pass goes on", async () => {
    const found = await look(copy, { phase: "importing" }, 60, true);
    expect(found).toMatchObject({ unplaced: undefined, inUse: undefined, lookAgainMs: 10_000 });
  });
});

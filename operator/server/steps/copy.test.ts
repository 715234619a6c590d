import { expect, test } from "vitest";
import type { Resource } from "#runtime/api/resource.ts";
import { aVolume, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { lookAtCopy } from "./copy.ts";

const CLAIM = { metadata: { namespace: "team-a", annotations: { "cdi.kubevirt.io/storage.uploadPodName": "upload" } } };
const FULL = { status: { conditions: [{ type: "PodScheduled", status: "False", message: "Insufficient cpu" }] } };

/** What is said of a disk in a phase, so long after its DataVolume was made, and how much was asked for. */
async function look(phase: string, seconds: number, get?: () => Promise<never>) {
  let asked = 0;
  const found = async ({ plural }: Resource) => {
    asked += 1;
    return plural === "pods" ? FULL : CLAIM;
  };
  const scope = {
    context: {
      kube: { get: get ?? found },
      now: new Date(Date.parse(CREATED) + seconds * 1_000),
      cache: { get: () => aVolume(phase) },
      log: { warn: () => undefined },
    },
    key: { namespace: "team-a", name: "web-1" },
    disk: { volume: "web-1-root-2" },
  } as unknown as ServerScope;
  await lookAtCopy(scope, new AbortController().signal);
  return { notCopied: scope.notCopied, lookAgainMs: scope.lookAgainMs, asked };
}

test("a disk that is not copied after half a minute is told why, and looked at again", async () => {
  expect(await look("CloneInProgress", 31)).toEqual({ notCopied: "Insufficient cpu", lookAgainMs: 10_000, asked: 2 });
});

test("of a younger one, also of a rebuild, nothing is asked, but later it is", async () => {
  expect(await look("CloneInProgress", 12)).toEqual({ notCopied: undefined, lookAgainMs: 18_000, asked: 0 });
});

test.each(["Succeeded", "WaitForFirstConsumer"])("where it is %s nothing is asked", async (phase) => {
  expect(await look(phase, 60)).toEqual({ notCopied: undefined, lookAgainMs: undefined, asked: 0 });
});

test("where it cannot be looked at, the pass goes on", async () => {
  const fails = async (): Promise<never> => {
    throw new Error("Forbidden");
  };
  expect(await look("CloneInProgress", 60, fails)).toMatchObject({ notCopied: undefined, lookAgainMs: 10_000 });
});

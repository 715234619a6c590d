import { describe, expect, test } from "vitest";
import type { Node, VirtualMachine } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { BOUNDARY_LABEL_PREFIX } from "#operator/api/marks.ts";
import { clouds, projects, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { anInstance, aServer, keptWithin } from "./fixtures.ts";
import { commonBoundaries, leftBoundaries } from "./placement.ts";
import { serversOfCloud } from "./wakes.ts";

const ref = { namespace: "clouds", name: "default" };

function aCloud(...boundaries: readonly string[]): Cloud {
  return { metadata: { ...ref, uid: "1" }, spec: { boundaries } } as unknown as Cloud;
}

function aProject(boundaries: readonly string[], cloudRef: Partial<typeof ref> | undefined = ref): Project {
  const status = { namespace: "team-a", ...(cloudRef === undefined ? {} : { cloudRef }) };
  return { metadata: { name: "team-a" }, spec: { enabled: true, boundaries }, status } as unknown as Project;
}

/** A cache that holds these. */
function holding(cloud: Cloud | undefined, project: Project, machines: Readonly<Record<string, VirtualMachine>> = {}) {
  const names = Object.keys(machines);
  const known = names.map((name) => aServer({}, { instanceID: name } as Server["status"], { name }));
  const lists = new Map<Resource, readonly unknown[]>([
    [projects as Resource, [project]],
    [servers as Resource, known],
  ]);
  return {
    get: (resource: Resource, { name }: { readonly name: string }) =>
      resource === (clouds as Resource) ? cloud : machines[name],
    list: (resource: Resource) => lists.get(resource) ?? [],
  } as unknown as CacheReader;
}

describe("what Servers of a Project are kept within", () => {
  const of = (cloud: Cloud | undefined, project: Project) => commonBoundaries(project, holding(cloud, project));

  test("is what its Cloud says and what it says, not one of both", () => {
    expect(of(aCloud("site"), aProject(["cage"]))).toEqual(["cage", "site"]);
    expect(of(aCloud("site"), aProject([]))).toEqual(["site"]);
    expect(of(aCloud(), aProject(["cage"]))).toEqual(["cage"]);
    expect(of(aCloud(), aProject([]))).toEqual([]);
  });

  test("is not known while its Cloud is not", () => {
    expect(of(undefined, aProject(["cage"]))).toBeUndefined();
    expect(commonBoundaries(undefined, holding(aCloud("site"), aProject([])))).toBeUndefined();
  });
});

describe("a Cloud that changes", () => {
  const machines = {
    inside: keptWithin("cage", "site"),
    outside: keptWithin("cage"),
    more: keptWithin("cage", "site", "other"),
  };
  const woken = (cloud: Cloud, project: Project) =>
    serversOfCloud(cloud, holding(cloud, project, machines)).map(({ name }) => name);

  test("wakes the Servers whose machine is kept within something else, and no others", () => {
    expect(woken(aCloud("site"), aProject(["cage"]))).toEqual(["outside", "more"]);
    expect(woken(aCloud(), aProject(["cage"]))).toEqual(["inside", "more"]);
  });

  test("wakes no Server of another Cloud's Project", () => {
    expect(woken(aCloud("site"), aProject(["cage"], { namespace: "clouds", name: "other" }))).toEqual([]);
  });
});

test("a guest that runs has left the boundaries that its node is not labelled with; where the node is not known, none", () => {
  const node = {
    metadata: { name: "node-1", labels: { [`${BOUNDARY_LABEL_PREFIX}cage`]: "true" } },
  } as unknown as Node;
  const runs = anInstance("Running");
  expect(leftBoundaries(keptWithin("cage", "site"), runs, node)).toEqual(["site"]);
  expect(leftBoundaries(keptWithin("cage"), runs, node)).toEqual([]);
  expect(leftBoundaries(keptWithin("site"), runs, undefined)).toEqual([]);
  expect(leftBoundaries(keptWithin("site"), anInstance("Scheduled"), node)).toEqual([]);
  expect(leftBoundaries(undefined, runs, node)).toEqual([]);
});

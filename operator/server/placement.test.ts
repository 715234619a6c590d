import { describe, expect, test } from "vitest";
import type { VirtualMachine } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { clouds, projects, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { aFlavor, aMachine, aServer, CREATED } from "./fixtures.ts";
import { affinityOf, commonBoundaries } from "./placement.ts";
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

/** A machine that is kept within these. */
function within(...boundaries: readonly string[]): VirtualMachine {
  const machine = aMachine("Always");
  const affinity = affinityOf(aServer(), aFlavor(), boundaries);
  const spec = { ...machine.spec, template: { metadata: { creationTimestamp: CREATED }, spec: { affinity } } };
  return { ...machine, spec } as unknown as VirtualMachine;
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
  const machines = { inside: within("cage", "site"), outside: within("cage"), more: within("cage", "site", "other") };
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

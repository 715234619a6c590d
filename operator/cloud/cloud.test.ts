import { describe, expect, test } from "vitest";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { cloudOf } from "#operator/clients/cloud-access.ts";
import { missingHypervisor } from "./hypervisor.ts";
import { projectsIn } from "./projects.ts";
import { type CatalogEntry, readCatalog } from "./read-catalog.ts";

const entry = (serviceType: string, use: string, url: string, region = "RegionOne"): CatalogEntry => ({
  serviceType,
  interface: use,
  region,
  url,
});
const full = [
  entry("identity", "public", "https://out:5000"),
  entry("identity", "internal", "http://in:5000/v3/"),
  entry("key-manager", "public", "https://out:9311"),
  entry("key-manager", "internal", "http://in:9311"),
];

describe("the catalog", () => {
  test("says where the services are, Keystone with its version", () => {
    expect(readCatalog(full, "RegionOne")).toEqual({
      endpoints: {
        identity: "https://out:5000/v3",
        keyManager: "https://out:9311",
        internal: { identity: "http://in:5000/v3", keyManager: "http://in:9311" },
      },
      missing: undefined,
    });
  });

  test.each([
    ["an endpoint is missing", full.slice(0, 3), "key-manager (internal)"],
    [
      "the region is another",
      full.map((each) => ({ ...each, region: "other" })),
      "identity (public), key-manager (public)",
    ],
  ])("says what is missing where %s", (_name, catalog, missing) => {
    expect(readCatalog(catalog, "RegionOne").missing).toContain(missing);
  });
});

describe("the hypervisor", () => {
  test("is there when KubeVirt and CDI are served", () => {
    expect(missingHypervisor(() => true)).toBeUndefined();
  });

  test.each([
    [
      "names what is not installed",
      (name: string) => name.endsWith(".kubevirt.io") && !name.includes("cdi"),
      "CDI is not installed",
    ],
    [
      "names the kinds of one that is too old",
      (name: string) => name !== "datasources.cdi.kubevirt.io",
      "CDI does not serve datasources.cdi.kubevirt.io",
    ],
  ])("%s", (_name, served, message) => {
    expect(missingHypervisor(served)).toBe(message);
  });
});

describe("a Project's Cloud", () => {
  const aCloud = (name: string): Cloud => ({ metadata: { namespace: "nephele-system", name } }) as unknown as Cloud;
  const aProject = (
    ref?: { namespace: string; name: string },
    recorded?: { namespace: string; name: string },
  ): Project =>
    ({
      metadata: { name: "team-a" },
      spec: ref === undefined ? {} : { cloudRef: ref },
      ...(recorded === undefined ? {} : { status: { cloudRef: recorded } }),
    }) as unknown as Project;
  const [one, two] = [aCloud("one"), aCloud("two")];
  const refTwo = { namespace: "nephele-system", name: "two" };

  test.each([
    ["is the one that it names", aProject(refTwo), [one, two], two],
    ["is the only one", aProject(), [one], one],
    ["stays the same when another one comes", aProject(undefined, refTwo), [one, two], two],
  ])("%s", (_name, project, clouds, cloud) => {
    expect(cloudOf(project, clouds)).toEqual({ kind: "found", cloud });
  });

  test.each([
    ["is not there", aProject(refTwo), [one], "Cloud nephele-system/two"],
    ["is not there at all", aProject(), [], "a Cloud: there is none"],
    ["could be one of two", aProject(), [two, one], "nephele-system/one, nephele-system/two"],
  ])("is awaited where it %s", (_name, project, clouds, awaited) => {
    expect(cloudOf(project, clouds)).toMatchObject({
      kind: "awaited",
      awaited: expect.stringContaining(awaited) as string,
    });
  });

  test("has the Projects that name it and those that came to it by default", () => {
    const [named, byDefault, other] = [aProject(refTwo), aProject(undefined, refTwo), aProject()];
    expect(projectsIn(two, [named, byDefault, other])).toEqual([named, byDefault]);
  });
});

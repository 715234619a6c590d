import { describe, expect, test } from "vitest";
import { catalogChanges } from "./catalog-changes.ts";

const url = "http://barbican:9311";
const endpoint = (use: string, at = url, region = "RegionOne") => ({
  id: `${use}-id`,
  interface: use,
  region,
  url: at,
});

describe("the endpoints of a service", () => {
  test("are made where there are none", () => {
    expect(catalogChanges([], "RegionOne", url)).toEqual({
      create: ["public", "internal"].map((use) => ({ interface: use, region: "RegionOne", url })),
      move: [],
    });
  });

  test("are left alone where they are right, and the administrators' one always", () => {
    const found = [endpoint("public"), endpoint("internal"), endpoint("admin", "http://elsewhere")];
    expect(catalogChanges(found, "RegionOne", url)).toEqual({ create: [], move: [] });
  });

  test("go on after a crash between two of them", () => {
    expect(catalogChanges([endpoint("public")], "RegionOne", url).create).toMatchObject([{ interface: "internal" }]);
  });

  test("move with the service", () => {
    const found = [endpoint("public", "http://old"), endpoint("internal")];
    expect(catalogChanges(found, "RegionOne", url)).toEqual({ create: [], move: [{ id: "public-id", url }] });
  });

  test("of another region are another's", () => {
    expect(catalogChanges([endpoint("public", url, "two")], "RegionOne", url).create).toHaveLength(2);
  });
});

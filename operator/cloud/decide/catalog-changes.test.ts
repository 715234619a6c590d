import { describe, expect, test } from "vitest";
import { catalogChanges, publicUrl } from "./catalog-changes.ts";

const url = "http://barbican:9311";
const urls = { public: url, internal: url };
const endpoint = (use: string, at = url, region = "RegionOne") => ({
  id: `${use}-id`,
  interface: use,
  region,
  url: at,
});

describe("the endpoints of a service", () => {
  test("are made where there are none", () => {
    expect(catalogChanges([], "RegionOne", urls)).toEqual({
      create: ["public", "internal"].map((use) => ({ interface: use, region: "RegionOne", url })),
      move: [],
    });
  });

  test("are left alone where they are right, and the administrators' one always", () => {
    const found = [endpoint("public"), endpoint("internal"), endpoint("admin", "http://elsewhere")];
    expect(catalogChanges(found, "RegionOne", urls)).toEqual({ create: [], move: [] });
  });

  test("go on after a crash between two of them", () => {
    expect(catalogChanges([endpoint("public")], "RegionOne", urls).create).toMatchObject([{ interface: "internal" }]);
  });

  test("move with the service", () => {
    const found = [endpoint("public", "http://old"), endpoint("internal")];
    expect(catalogChanges(found, "RegionOne", urls)).toEqual({ create: [], move: [{ id: "public-id", url }] });
  });

  test("of another region are another's", () => {
    expect(catalogChanges([endpoint("public", url, "two")], "RegionOne", urls).create).toHaveLength(2);
  });

  test("are others for people, who come by an edge", () => {
    const found = [endpoint("public"), endpoint("internal")];
    const edge = "https://cloud.example.org/key-manager";
    expect(catalogChanges(found, "RegionOne", { public: edge, internal: url })).toEqual({
      create: [],
      move: [{ id: "public-id", url: edge }],
    });
  });
});

describe("the address for people", () => {
  const edge = "https://cloud.example.org/key-manager";
  const found = [endpoint("public", "https://old.example.org/key-manager"), endpoint("internal")];

  test.each([
    ["is the edge's once that serves", found, { url: edge, serves: true }, edge],
    ["stays as it is until then", found, { url: edge, serves: false }, "https://old.example.org/key-manager"],
    ["is the internal one where there is none yet", [], { url: edge, serves: false }, url],
    ["is the internal one again where there is to be no edge", found, undefined, url],
  ])("%s", (_name, endpoints, wanted, expected) => {
    expect(publicUrl(endpoints, "RegionOne", { internal: url, edge: wanted })).toBe(expected);
  });
});

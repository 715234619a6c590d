import { describe, expect, test } from "vitest";
import { consumerChanges, consumerOf, foreignConsumers } from "./consumers.ts";

const owner = { installation: "local", object: "team-a/db" };
const web = consumerOf(owner, "web-1");
const api = consumerOf(owner, "api-1");
const theirs = { service: "octavia", resourceType: "LOADBALANCER", resourceId: "5c1c" };
const ofAnotherSecret = consumerOf({ ...owner, object: "team-a/other" }, "web-1");

describe("consumers in Barbican", () => {
  test("a Server's entry fits Barbican's columns and is the same at every look", () => {
    expect(web.resourceId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(web.resourceType).toBe("local/servers/team-a/web-1");
    expect(consumerOf(owner, "web-1")).toEqual(web);
  });

  test.each([
    { name: "who uses it is registered", listed: [], wanted: [web], add: [web], remove: [] },
    { name: "who is registered is left", listed: [web], wanted: [web], add: [], remove: [] },
    { name: "who uses it no more is taken away", listed: [web, api], wanted: [api], add: [], remove: [web] },
    { name: "other services' entries are left", listed: [theirs], wanted: [], add: [], remove: [] },
    {
      name: "entries of another Secret for the same Server are left",
      listed: [ofAnotherSecret],
      wanted: [web],
      add: [web],
      remove: [],
    },
  ])("$name", ({ listed, wanted, add, remove }) => {
    expect(consumerChanges(owner, listed, wanted)).toEqual({ add, remove });
  });

  test("others' entries are told apart from ours", () => {
    expect(foreignConsumers(owner, [web, theirs, ofAnotherSecret])).toEqual([theirs, ofAnotherSecret]);
  });
});

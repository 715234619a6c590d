import { describe, expect, test } from "vitest";
import { databaseLogin, databaseLogins } from "./database-logins.ts";
import { readAtStart } from "./read-at-start.ts";

const values = {
  "postgres-user": "postgres",
  postgres: "p",
  keystone: "k1",
  "keystone-2": "k2",
  "keystone-10": "k10",
  "barbican-2": "b2",
};

describe("logins to the database", () => {
  test("are a service's own and those with a number, the newest first", () => {
    expect(databaseLogins(values, "keystone").map(({ role, password }) => [role, password])).toEqual([
      ["keystone_10", "k10"],
      ["keystone_2", "k2"],
      ["keystone", "k1"],
    ]);
    expect(databaseLogin(values, "barbican")).toEqual({
      role: "barbican_2",
      password: "b2",
      key: "barbican-2",
      generation: 2,
    });
  });

  test.each([[{ barbican: "" }], [{ "barbican-x": "b" }], [{ "my-barbican": "b" }]])("are none in %j", (others) => {
    expect(databaseLogins(others, "barbican")).toEqual([]);
    expect(() => databaseLogin(others, "barbican")).toThrow(/barbican has no login/);
  });
});

test("what pods read at their start is told by names and numbers, never by value", () => {
  const held: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    database: values,
    kek: { "0": "secret-0", "1": "secret-1" },
    barbicanUser: { username: "barbican-3", password: "secret" },
  };
  const of = (name: string) => held[name] ?? {};
  expect(readAtStart("keystone", of)).toBe("database keystone-10");
  expect(readAtStart("barbican", of)).toBe("kek 0,1; database barbican-2; user barbican-3");
});

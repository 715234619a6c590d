import { expect, test } from "vitest";
import { differences, leftovers } from "./leftovers.ts";

test("what is left over is what was not there before", () => {
  expect(leftovers(["Secret clouds"], ["Secret clouds"])).toEqual([]);
  expect(leftovers(["Secret clouds"], ["DataVolume web-1-root-1", "Secret clouds"])).toEqual([
    "DataVolume web-1-root-1",
  ]);
});

test("two lives are compared phase by phase; one that is missing is a difference", () => {
  const life = { create: { state: "ACTIVE", boots: "1" }, stop: { state: "SHUTOFF" } };
  expect(differences(life, { ...life })).toEqual([]);
  expect(differences({ ...life, create: { state: "ACTIVE", boots: "2" } }, life)).toEqual([
    'create: {"state":"ACTIVE","boots":"2"} instead of {"state":"ACTIVE","boots":"1"}',
  ]);
  expect(differences({ create: life.create }, life)).toEqual(['stop: undefined instead of {"state":"SHUTOFF"}']);
});

import { expect, test } from "vitest";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../mesh-fixtures.ts";
import { keptFrom } from "./kept.ts";
import type { Mesh } from "./mesh.ts";

const made = (port: number, denied: readonly string[] = ["spiffe://d/a"]): Mesh =>
  meshOf(
    [proxyOf("one", [listenerOn(80, [ruleTo("/", "a")])]), proxyOf("two", [listenerOn(port, [ruleTo("/", "b")])])],
    [serviceAt("a", [1]), serviceAt("b", [port])],
    denied,
  );

test("what did not change is the former's object, what did is not", () => {
  const former = made(2);
  const kept = keptFrom(former, made(3));
  expect(kept).toEqual(made(3));
  const isKept = (of: "services" | "proxies", name: string) => kept[of].get(name) === former[of].get(name);
  expect([isKept("services", "a"), isKept("services", "b")]).toEqual([true, false]);
  expect([isKept("proxies", "one"), isKept("proxies", "two")]).toEqual([true, false]);
  expect(kept.denied).toBe(former.denied);
  expect(keptFrom(former, made(2, ["spiffe://d/b"])).denied).toEqual(new Set(["spiffe://d/b"]));
});

test("what is gone is gone, and what is new is there", () => {
  const former = made(2);
  const kept = keptFrom(former, meshOf([], [serviceAt("c", [1])]));
  expect([...kept.services.keys()]).toEqual(["c"]);
  expect(kept.proxies.size).toBe(0);
  expect(keptFrom(undefined, former)).toBe(former);
});

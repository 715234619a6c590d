import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cluster, endpoint, listener, route, runtime } from "../conformance/fixtures.ts";
import type { Resource } from "./resource.ts";
import { InconsistentSnapshot, Snapshot } from "./snapshot.ts";
import { SnapshotStore, type StoreChange } from "./store.ts";

const made = new Map<string, Resource>();

/** An endpoint that is made once for all runs of a property. */
function some(name: string, port: number): Resource {
  const key = `${name} ${port}`;
  const known = made.get(key) ?? endpoint(name, port);
  made.set(key, known);
  return known;
}

const world = [cluster("a"), endpoint("a"), listener("l", 10_000, "r"), route("r", "a")];

describe("obligation 15: what does not fit together is refused by name, and the last good snapshot stays", () => {
  test.each([
    ["a cluster without endpoints", [cluster("a")], 'Cluster "a" names ClusterLoadAssignment "a", which is not there'],
    [
      "a listener without routes",
      [listener("l", 1, "r")],
      'Listener "l" names RouteConfiguration "r", which is not there',
    ],
    ["a route to no cluster", [route("r", "a")], 'RouteConfiguration "r" names Cluster "a", which is not there'],
    ["a name that is given twice", [endpoint("a", 1), endpoint("a", 2)], 'ClusterLoadAssignment "a" is given twice'],
  ])("%s", (_sentence, resources, problem) => {
    expect(() => Snapshot.of(resources)).toThrow(new InconsistentSnapshot([problem]));
  });

  test("a removal that leaves somebody without", () => {
    const snapshot = Snapshot.of(world);
    expect(() => snapshot.with({ remove: [{ kind: "cluster", name: "a" }] })).toThrow('names Cluster "a"');
    expect([...snapshot.resources()].length).toBe(4);
  });

  test("a cluster that the proxies have from their bootstrap may be named", () => {
    const snapshot = Snapshot.of([route("r", "local")], { bootstrapClusters: ["local"] });
    expect(() => snapshot.with({ put: [route("q", "other")] })).toThrow('names Cluster "other"');
  });

  test("what was refused changes nothing of what is served", () => {
    const store = new SnapshotStore();
    const good = Snapshot.of(world);
    store.set("g", good);
    expect(() => store.set("g", Snapshot.of([cluster("b")]))).toThrow(InconsistentSnapshot);
    expect(store.current("g")).toBe(good);
  });
});

describe("a snapshot", () => {
  test("has versions of its content, in whatever order and by whatever way it was made", () => {
    const [made, turned] = [Snapshot.of(world), Snapshot.of([...world].reverse())];
    const grown = Snapshot.of(world.slice(0, 2)).with({ put: world.slice(2) });
    const back = made.with({ put: [endpoint("a", 81)] }).with({ put: [endpoint("a")] });
    for (const kind of ["cluster", "endpoint", "listener", "route"] as const) {
      const versions = [made, turned, grown, back].map((each) => each.view(kind).version);
      expect(new Set(versions).size).toBe(1);
    }
    expect(made.with({ put: [endpoint("a", 81)] }).view("endpoint").version).not.toBe(made.view("endpoint").version);
  });

  test("is the same value where nothing changes, and shares what does not change", () => {
    const snapshot = Snapshot.of(world);
    expect(snapshot.with({ put: [endpoint("a")] })).toBe(snapshot);
    const next = snapshot.with({ put: [endpoint("a", 81)] });
    expect(next.view("cluster")).toBe(snapshot.view("cluster"));
    expect(next.changedSince(snapshot)).toEqual(new Map([["endpoint", new Set(["a"])]]));
  });

  test("knows what changed since any other, whether it was made from it or not", () => {
    const value = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 3 }));
    const made = (content: Record<string, number>): Snapshot =>
      Snapshot.of(Object.entries(content).map(([name, port]) => some(name, port)));
    fc.assert(
      fc.property(value, value, (before, after) => {
        const [former, next] = [made(before), made(after)];
        const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
        const expected = names.filter((name) => before[name] !== after[name]).sort();
        expect([...(next.changedSince(former).get("endpoint") ?? [])].sort()).toEqual(expected);
        const put = Object.entries(after).map(([name, port]) => some(name, port));
        const remove = names
          .filter((name) => after[name] === undefined)
          .map((name) => ({ kind: "endpoint", name }) as const);
        const grown = former.with({ put, remove });
        expect([...(grown.changedSince(former).get("endpoint") ?? [])].sort()).toEqual(expected);
        expect(grown.view("endpoint").version).toBe(next.view("endpoint").version);
      }),
      { numRuns: 30 },
    );
  });

  test("tells the shortest of its TTLs", () => {
    expect(Snapshot.of(world).shortestTtlMs()).toBeUndefined();
    const snapshot = Snapshot.of([runtime("a", 1, 5_000), runtime("b", 1, 2_000)]);
    expect(snapshot.shortestTtlMs()).toBe(2_000);
    expect(snapshot.with({ put: [runtime("b", 1)] }).shortestTtlMs()).toBe(5_000);
  });
});

describe("the store", () => {
  test("goes a step back in one call, and says so", () => {
    const store = new SnapshotStore();
    const heard: StoreChange[] = [];
    store.onChange((change) => heard.push(change));
    const first = Snapshot.of(world);
    const second = first.with({ put: [endpoint("a", 81)] });
    store.set("g", first);
    store.set("g", second);
    expect(store.stepBack("g")).toBe(first);
    expect(store.current("g")).toBe(first);
    expect(heard.map(({ snapshot }) => snapshot)).toEqual([first, second, first]);
    expect(heard[2]?.changed).toEqual(new Map([["endpoint", new Set(["a"])]]));
    expect(() => store.stepBack("g")).toThrow('group "g" has no former snapshot');
  });

  test("keeps the last few, not all", () => {
    const store = new SnapshotStore();
    for (let port = 1; port <= 20; port += 1) store.set("g", Snapshot.of([endpoint("a", port)]));
    expect(store.history("g").length).toBe(6);
    const heard: StoreChange[] = [];
    store.onChange((change) => heard.push(change));
    store.setAlone("g", Snapshot.of([]));
    expect(store.history("g")).toEqual([store.current("g")]);
    expect(heard[0]?.changed).toEqual(new Map([["endpoint", new Set(["a"])]]));
  });
});

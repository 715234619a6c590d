import { describe, expect, test } from "vitest";
import type { KubeObject } from "../api/object.ts";
import { type Change, Store } from "./store.ts";

function thing(
  name: string,
  version: number,
  more: { uid?: string; color?: string } = {},
): KubeObject<{ color: string }> {
  return {
    apiVersion: "v1",
    kind: "Thing",
    metadata: {
      name,
      namespace: "n",
      uid: more.uid ?? `uid-${name}`,
      resourceVersion: String(version),
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { color: more.color ?? "red" },
  };
}

function storeWithLog(): { store: Store; changes: string[] } {
  const store = new Store();
  const changes: string[] = [];
  store.onChange(({ before, after, initial }: Change) => {
    const version = (object: KubeObject | undefined): string => object?.metadata.resourceVersion ?? "-";
    changes.push(
      `${(after ?? before)?.metadata.name} ${version(before)}→${version(after)}${initial ? " initial" : ""}`,
    );
  });
  store.addIndex("color", (object) => [(object as KubeObject<{ color: string }>).spec?.color ?? ""]);
  return { store, changes };
}

describe("store", () => {
  test("an event older than our own write changes nothing", () => {
    const { store, changes } = storeWithLog();
    store.upsert(thing("a", 5, { color: "blue" }));
    expect(store.upsert(thing("a", 4))).toBe(false);
    expect(store.upsert(thing("a", 5))).toBe(false);
    expect(store.byIndex("color", "blue")).toHaveLength(1);
    expect(changes).toEqual(["a -→5"]);
  });

  test("version 10 is newer than version 9", () => {
    const { store } = storeWithLog();
    store.upsert(thing("a", 9));
    expect(store.upsert(thing("a", 10))).toBe(true);
  });

  test("the late answer to our own write does not bring back an object that is gone", () => {
    const { store } = storeWithLog();
    store.upsert(thing("a", 5));
    store.remove({ namespace: "n", name: "a" }, 7);
    expect(store.upsert(thing("a", 6))).toBe(false);
    expect(store.size).toBe(0);
    expect(store.upsert(thing("a", 8, { uid: "new" }))).toBe(true);
  });

  test("the late news of an old deletion does not remove the object that took its name", () => {
    const { store } = storeWithLog();
    store.upsert(thing("a", 10, { uid: "new" }));
    store.remove({ namespace: "n", name: "a" }, 9);
    expect(store.get({ namespace: "n", name: "a" })?.metadata.uid).toBe("new");
    store.remove({ namespace: "n", name: "a" }, 11);
    expect(store.size).toBe(0);
  });

  test("a list replaces what is older and keeps what we wrote since it was taken", () => {
    const { store, changes } = storeWithLog();
    store.upsert(thing("gone", 3));
    store.upsert(thing("ours", 21));
    store.replace([thing("new", 19)], 20);
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["ours", "new"]);
    expect(changes.at(-2)).toBe("gone 3→-");
  });

  test("a list of one namespace says nothing about others", () => {
    const { store } = storeWithLog();
    store.upsert(thing("a", 3));
    store.replace([], 20, "other");
    expect(store.size).toBe(1);
  });

  test("indexes follow changes and deletions, and are made for what is held already", () => {
    const { store } = storeWithLog();
    store.upsert(thing("a", 1));
    store.upsert(thing("a", 2, { color: "blue" }));
    store.upsert(thing("b", 3, { color: "blue" }));
    store.addIndex("late", ({ metadata }) => [metadata.name]);
    expect(store.byIndex("color", "red")).toEqual([]);
    expect(store.byIndex("color", "blue")).toHaveLength(2);
    expect(store.byIndex("late", "a")).toHaveLength(1);
    store.remove({ namespace: "n", name: "b" }, 9);
    expect(store.byIndex("color", "blue")).toHaveLength(1);
    expect(store.list("n")).toHaveLength(1);
  });

  test("an index that does not exist is an error, not an empty answer", () => {
    expect(() => storeWithLog().store.byIndex("none", "x")).toThrow("there is no index none");
  });
});

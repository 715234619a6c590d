import { expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../mesh-fixtures.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { Publisher } from "./publisher.ts";

const [one, two] = ["workload/a/one", "workload/a/two"] as const;
const log = createLogger({ level: "fatal" });
const caller = (name: string, to: string) => proxyOf(name, [listenerOn(80, [ruleTo("/", to)])]);

test("a class is served anew where something changed that it is made of, and holds with others what is alike", () => {
  const snapshots = new SnapshotStore();
  const publisher = new Publisher(snapshots, log);
  const of = (port: number) =>
    meshOf([caller(one, "a"), caller(two, "b"), caller("third", "a")], [serviceAt("a", [1]), serviceAt("b", [port])]);
  publisher.publish(of(2));
  const [first, second] = [snapshots.current(one), snapshots.current(two)];
  const endpoints = (name: string) => snapshots.current(name)?.view("endpoint").resources.get("a");
  expect(endpoints(one)).toBeDefined();
  expect(endpoints(one)).toBe(endpoints("third"));
  publisher.publish(of(3));
  expect(snapshots.current(one)).toBe(first);
  expect(snapshots.current(two)).not.toBe(second);
});

test("sidecars that are in the mesh no longer are served nothing; others hear nothing more", () => {
  const snapshots = new SnapshotStore();
  const publisher = new Publisher(snapshots, log);
  publisher.publish(meshOf([caller(one, "a"), caller("gateway/a/edge", "a")], [serviceAt("a", [1])]));
  expect(snapshots.current(one)?.view("listener").resources.get("in-80")).toBeDefined();
  publisher.publish(meshOf([], []));
  expect(snapshots.current(one)?.view("listener").resources.get("in-80")).toBeUndefined();
  expect(snapshots.current(one)).toBeDefined();
  expect(snapshots.history(one)).toHaveLength(1);
  expect(snapshots.current("gateway/a/edge")).toBeUndefined();
});

test("a class that cannot be served keeps what it had", () => {
  const snapshots = new SnapshotStore();
  const publisher = new Publisher(snapshots, log);
  publisher.publish(meshOf([caller(one, "a")], [serviceAt("a", [1])]));
  const before = snapshots.current(one);
  expect(before).toBeDefined();
  publisher.publish(meshOf([caller(one, "nowhere")], [serviceAt("a", [1])]));
  expect(snapshots.current(one)).toBe(before);
});

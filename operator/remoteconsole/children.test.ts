import { describe, expect, test } from "vitest";
import type { CoreSecret } from "#operator/api/foreign.ts";
import { mayStay, secretChange } from "./children.ts";
import { remoteConsole } from "./fixtures.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const request = (name: string) => remoteConsole({ phase: "Issued" }, { name, uid: `${name}-uid` });
const owner = (name: string) => ({
  apiVersion: "nephele.dev/v1alpha1",
  kind: "RemoteConsole",
  name,
  uid: `${name}-uid`,
});

function secret(names: readonly string[], labels = { "nephele.dev/managed-by": "nephele-operator" }): CoreSecret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      ...{ namespace: "team-a", name: "nephele-consoles", uid: "secret", resourceVersion: "7", labels },
      creationTimestamp: "2026-11-26T09:00:00Z",
    },
    data: Object.fromEntries(names.map((name) => [name, base64(`url of ${name}`)])),
  };
}

describe("the Secret of a namespace's URLs", () => {
  const added = { request: request("new"), url: "wss://x/new" };

  test("is made with the first, owned by it, and marked as the operator's", () => {
    const change = secretChange("team-a", undefined, [], added);
    expect(change).toMatchObject({
      kind: "create",
      object: {
        metadata: {
          name: "nephele-consoles",
          labels: { "nephele.dev/managed-by": "nephele-operator" },
          ownerReferences: [owner("new")],
        },
        data: { new: base64("wss://x/new") },
      },
    });
  });

  test("keeps the others' URLs, loses those whose objects are gone, and is owned by who has one", () => {
    const change = secretChange("team-a", secret(["a", "gone"]), [request("a"), request("without")], added);
    expect(change).toEqual({
      kind: "patch",
      patch: {
        metadata: { uid: "secret", resourceVersion: "7", ownerReferences: [owner("a"), owner("new")] },
        data: { gone: null, new: base64("wss://x/new") },
      },
    });
  });

  test("takes another URL for one that has one", () => {
    const change = secretChange("team-a", secret(["new"]), [request("new")], added);
    expect(change).toMatchObject({ patch: { data: { new: base64("wss://x/new") } } });
  });

  test("loses a URL that was used, and goes with the last", () => {
    expect(secretChange("team-a", secret(["a", "b"]), [request("b")])).toMatchObject({
      kind: "patch",
      patch: { metadata: { ownerReferences: [owner("b")] }, data: { a: null } },
    });
    expect(secretChange("team-a", secret(["a"]), [])).toEqual({ kind: "delete", uid: "secret", resourceVersion: "7" });
  });

  test("is left alone where nothing is to be said in it", () => {
    expect(secretChange("team-a", undefined, [])).toEqual({ kind: "none" });
    expect(secretChange("team-a", secret(["a"]), [request("a")])).toEqual({ kind: "none" });
  });

  test("is never one that somebody else made", () => {
    const foreign = secret(["a"], {} as { "nephele.dev/managed-by": string });
    expect(secretChange("team-a", foreign, [], added)).toEqual({ kind: "foreign" });
    expect(secretChange("team-a", foreign, [])).toEqual({ kind: "none" });
  });
});

test("a URL stays while it may be used, from before the status says so", () => {
  expect(mayStay(remoteConsole())).toBe(true);
  expect(mayStay(remoteConsole({ phase: "Pending" }))).toBe(true);
  expect(mayStay(remoteConsole({ phase: "Issued" }))).toBe(true);
  for (const phase of ["Used", "Expired", "Ended"] as const) expect(mayStay(remoteConsole({ phase }))).toBe(false);
  expect(mayStay(remoteConsole({ phase: "Issued", usedAt: "2026-11-26T10:00:00Z" }))).toBe(false);
  expect(mayStay(remoteConsole({ phase: "Issued" }, { deletionTimestamp: "2026-11-26T10:00:00Z" }))).toBe(false);
});

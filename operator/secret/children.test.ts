import { describe, expect, test } from "vitest";
import type { CoreSecret } from "#operator/api/foreign.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { frameFits, isManaged, isSyncedFor, syncedFrame, syncedPatch, syncedSecret, syncedState } from "./children.ts";

const secret: Secret = {
  apiVersion: "nephele.dev/v1alpha1",
  kind: "Secret",
  metadata: {
    name: "db",
    namespace: "team-a",
    uid: "u-1",
    resourceVersion: "1",
    creationTimestamp: "2026-11-23T10:00:00Z",
  },
  spec: {
    type: "passphrase",
    source: { generate: { length: 32 } },
    access: { project: true },
    protected: false,
    onDelete: "Delete",
  },
};
const frame = syncedFrame(secret, { name: "db-synced", key: "password" }, 2, "id.mac");
const made = syncedSecret(frame, Buffer.from("pw"));
const stored: CoreSecret = {
  apiVersion: "v1",
  kind: "Secret",
  type: "Opaque",
  metadata: { ...frame.metadata, uid: "u-2", resourceVersion: "7", creationTimestamp: "2026-11-23T10:00:00Z" },
  data: { password: "cHc=" },
};

describe("the core Secret of syncTo", () => {
  test("holds the payload under its key, is owned, and says what it holds", () => {
    expect(made).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      type: "Opaque",
      metadata: {
        name: "db-synced",
        namespace: "team-a",
        labels: { "nephele.dev/managed-by": "nephele-operator", "nephele.dev/secret": "db" },
        annotations: { "nephele.dev/version": "2", "nephele.dev/content-mac": "id.mac" },
        ownerReferences: [
          {
            apiVersion: "nephele.dev/v1alpha1",
            kind: "Secret",
            name: "db",
            uid: "u-1",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      data: { password: "cHc=" },
    });
  });

  test("is known again as made, for this Secret alone", () => {
    expect(isManaged(stored)).toBe(true);
    expect(isSyncedFor(stored, "db")).toBe(true);
    expect(isSyncedFor(stored, "other")).toBe(false);
    expect(syncedState(stored)).toEqual({ version: 2, mac: "id.mac" });
  });

  const drifts: readonly (readonly [string, Partial<CoreSecret>, boolean])[] = [
    ["as it was made, fits", {}, true],
    ["with a key more, does not fit", { data: { password: "cHc=", more: "eA==" } }, false],
    ["without its key, does not fit", { data: {} }, false],
    ["without its labels, does not fit", { metadata: { ...stored.metadata, labels: {} } }, false],
    ["without its owner, does not fit", { metadata: { ...stored.metadata, ownerReferences: [] } }, false],
    [
      "with somebody's annotation, fits",
      { metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, team: "a" } } },
      true,
    ],
  ];
  test.each(drifts)("%s", (_name, drift, fits) => {
    expect(frameFits({ ...stored, ...drift }, frame)).toBe(fits);
  });

  test("is put right by a patch that takes other keys away and lands on what was read", () => {
    const patch = syncedPatch({ ...stored, data: { password: "eA==", more: "eA==" } }, frame, Buffer.from("pw"));
    expect(patch).toMatchObject({
      metadata: { uid: "u-2", resourceVersion: "7" },
      data: { password: "cHc=", more: null },
    });
  });
});

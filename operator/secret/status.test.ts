import { describe, expect, test } from "vitest";
import type { Secret } from "#operator/api/generated/secret.ts";
import { type Observed, statusOf } from "./status.ts";

const secret: Secret = {
  apiVersion: "nephele.dev/v1alpha1",
  kind: "Secret",
  metadata: {
    name: "db",
    namespace: "team-a",
    uid: "u",
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

const observed: Observed = {
  versions: [
    { version: 1, parts: { secret: "a" }, createdAt: new Date("2026-11-23T10:00:00Z"), state: "ready" },
    {
      version: 2,
      parts: { secret: "b", publicKey: "p", container: "c", order: "o" },
      createdAt: new Date("2026-11-23T11:00:00Z"),
      expiresAt: new Date("2026-11-24T11:00:00Z"),
      state: "ready",
    },
  ],
  refOf: (kind, id) => `https://barbican.example.org/v1/${kind}/${id}`,
  nextRotation: new Date("2026-11-23T23:00:00Z"),
  synced: { name: "db", key: "password", version: 2 },
  servers: ["web-2", "web-1"],
};

describe("the status", () => {
  test("tells the versions by their addresses, and the current one", () => {
    expect(statusOf(secret, observed).fields).toEqual({
      version: 2,
      expiresAt: "2026-11-24T11:00:00Z",
      nextRotation: "2026-11-23T23:00:00Z",
      versions: [
        {
          version: 1,
          refs: { secret: "https://barbican.example.org/v1/secrets/a" },
          createdAt: "2026-11-23T10:00:00Z",
        },
        {
          version: 2,
          refs: {
            secret: "https://barbican.example.org/v1/secrets/b",
            publicKey: "https://barbican.example.org/v1/secrets/p",
            container: "https://barbican.example.org/v1/containers/c",
            order: "https://barbican.example.org/v1/orders/o",
          },
          createdAt: "2026-11-23T11:00:00Z",
          expiresAt: "2026-11-24T11:00:00Z",
        },
      ],
      syncedTo: { name: "db", key: "password", version: 2 },
      usedBy: 2,
      consumers: [
        { kind: "Server", name: "web-1" },
        { kind: "Server", name: "web-2" },
      ],
    });
  });

  test("keeps what was there where a pass did not come to look", () => {
    const before = { ...secret, status: { version: 2, observedGeneration: 1, conditions: [], usedBy: 5 } };
    const blind = { ...observed, versions: undefined, servers: [] };
    expect(statusOf(before, blind).fields).toEqual({ version: 2, usedBy: 0, consumers: [] });
  });

  test("remembers the highest number when all versions are gone", () => {
    const before = { ...secret, status: { version: 4 } };
    expect(statusOf(before, { ...observed, versions: [], nextRotation: undefined }).fields.version).toBe(4);
  });

  test("names a hundred consumers and counts all", () => {
    const servers = Array.from({ length: 150 }, (_, at) => `s${at}`);
    const { usedBy, consumers } = statusOf(secret, { ...observed, servers }).fields;
    expect([usedBy, consumers?.length]).toEqual([150, 100]);
  });
});

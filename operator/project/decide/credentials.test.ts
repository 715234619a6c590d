import { describe, expect, test } from "vitest";
import type { CoreSecret } from "#operator/api/foreign.ts";
import {
  CREDENTIAL_ID_KEY,
  CREDENTIAL_SECRET_KEY,
  type CredentialGeneration,
  type CredentialsInput,
  credentialAnnotations,
  decideCredentials,
  graceMs,
  nextRotation,
  readGeneration,
} from "./credentials.ts";

const created = new Date("2026-01-01T00:00:00.000Z");
const inHours = (hours: number): Date => new Date(created.getTime() + hours * 3_600_000);

const current: CredentialGeneration = {
  generation: 3,
  id: "ac3",
  name: "nephele-local-team-a-3",
  userId: "r3",
  role: "member",
  projectId: "p1",
  createdAt: created,
  expiresAt: inHours(1440),
};

function decide(change: Partial<CredentialsInput>): ReturnType<typeof decideCredentials> {
  return decideCredentials({
    spec: { rotateEvery: "720h", role: "member" },
    projectId: "p1",
    now: inHours(1),
    inSecret: current,
    inStatus: { generation: 3, name: current.name },
    alive: true,
    ...change,
  });
}

describe("the application credential", () => {
  test.each<[string, Partial<CredentialsInput>, object]>([
    ["is kept while it is good", {}, { kind: "keep", nextRotation: inHours(720) }],
    ["is kept where Keystone was not asked", { alive: undefined }, { kind: "keep" }],
    ["is made where there is none", { inSecret: undefined, inStatus: undefined }, { kind: "issue", generation: 1 }],
    [
      "is followed by the next in its time, and works on for a day",
      { now: inHours(720) },
      { kind: "issue", generation: 4, previous: { generation: 3, removeAfter: inHours(744) } },
    ],
    [
      "is made anew where its Secret went, and copies of it work on",
      { inSecret: undefined },
      { kind: "issue", generation: 4, previous: { generation: 3, removeAfter: inHours(25) } },
    ],
    ["is known by its Secret where status was lost", { inStatus: undefined }, { kind: "keep" }],
  ])("%s", (_name, change, decision) => {
    expect(decide(change)).toMatchObject(decision);
  });

  test.each<[string, Partial<CredentialsInput>]>([
    ["its role changed", { spec: { rotateEvery: "720h", role: "reader" } }],
    ["Keystone lost it", { alive: false }],
    ["the Keystone project is another", { projectId: "p2" }],
    ["it has expired", { now: inHours(1440) }],
  ])("is made anew at once, without grace, where %s", (_name, change) => {
    expect(decide(change)).toMatchObject({ kind: "issue", generation: 4 });
    expect(decide(change)).not.toHaveProperty("previous");
  });

  test("of a short period has half of it as grace", () => {
    expect(graceMs("1m")).toBe(30_000);
  });

  test("is followed before it expires where the period became longer", () => {
    expect(nextRotation(current, "9999h")).toEqual(inHours(1440 - 24));
  });
});

describe("the core Secret", () => {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const secretOf = (generation: CredentialGeneration): CoreSecret => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "clouds",
      namespace: "team-a",
      uid: "s",
      resourceVersion: "1",
      creationTimestamp: "",
      annotations: credentialAnnotations(generation),
    },
    data: { [CREDENTIAL_ID_KEY]: base64(generation.id), [CREDENTIAL_SECRET_KEY]: base64("s3cr3t") },
  });

  test("says its generation back", () => {
    const withPrevious = { ...current, previous: { generation: 2, removeAfter: inHours(24) } };
    expect(readGeneration(secretOf(current))).toEqual(current);
    expect(readGeneration(secretOf(withPrevious))).toEqual(withPrevious);
  });

  test.each<[string, (secret: CoreSecret) => CoreSecret | undefined]>([
    ["is not there", () => undefined],
    ["lost its values", ({ data: _data, ...secret }) => secret],
    ["holds another id", (secret) => ({ ...secret, data: { ...secret.data, [CREDENTIAL_ID_KEY]: base64("other") } })],
    ["lost its annotations", (secret) => ({ ...secret, metadata: { ...secret.metadata, annotations: {} } })],
  ])("says nothing where it %s", (_name, change) => {
    expect(readGeneration(change(secretOf(current)))).toBeUndefined();
  });
});

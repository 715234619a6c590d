import { expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import { primaryOf } from "./database-primary.ts";

const member = (name: string, role: string | undefined, ready: boolean): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    uid: name,
    resourceVersion: "1",
    creationTimestamp: "2026-11-26T10:00:00Z",
    labels: role === undefined ? {} : { "nephele.dev/database-role": role },
  },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: "" }] },
});

test.each<{ readonly what: string; readonly members: readonly Pod[]; readonly said: RegExp | undefined }>([
  {
    what: "a primary that is ready takes writes",
    members: [member("db-0", "primary", true), member("db-1", "replica", false)],
    said: undefined,
  },
  {
    what: "one that still has the label and does not answer is no hindrance when another has it, too",
    members: [member("db-0", "primary", false), member("db-1", "primary", true)],
    said: undefined,
  },
  {
    what: "of one that does not answer it is said, and that another takes over",
    members: [member("db-0", "primary", false), member("db-1", "replica", true)],
    said: /db-0 is the primary and does not answer; another takes its place once its lease of 20 s is over/,
  },
  {
    what: "of one that is alone, that nobody does",
    members: [member("db-0", "primary", false)],
    said: /db-0 is the primary and does not answer; it is the only one/,
  },
  {
    what: "at the beginning there is none",
    members: [member("db-0", undefined, true)],
    said: /none is the primary yet/,
  },
])("$what", ({ members, said }) => {
  const outcome = primaryOf(members);
  if (said === undefined) expect(outcome.kind).toBe("settled");
  else expect(outcome).toMatchObject({ kind: "waiting", for: expect.stringMatching(said) });
});

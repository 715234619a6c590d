import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const NAMESPACES = "/api/v1/namespaces";
const RIGHTS = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["create", "update", "delete"] }];

const CONSENT = { annotations: { "nephele.dev/project": "team-a" } };
const OTHER_CONSENT = { annotations: { "nephele.dev/project": "team-b" } };
const CLAIM = { labels: { "nephele.dev/project": "team-a" } };
const PROTECTION = { labels: { "nephele.dev/protected": "true" } };
const MADE = { annotations: { "nephele.dev/created-by": "local/team-a" } };

const THE_OPERATORS = "are the operator's: to give it to a Project set the annotation nephele.dev/project";
const RESERVED = "the namespaces default, nephele-system and kube-* cannot belong to a Project";
const NO_CONSENT = "has not consented: it needs the annotation nephele.dev/project: team-a";
const CONSENT_IS_PEOPLES = "the operator does not give or take consent";
const NOT_MADE = "the operator says only of namespaces that it makes that it made them";

let bench: Workbench;
let senders: { readonly operator: Sender; readonly editor: Sender; readonly administrator: Sender };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  const editor = await bench.user("editor", RIGHTS);
  senders = { operator: await bench.user(OPERATOR, RIGHTS), editor, administrator: bench.admin };
  // Until the policy is at work.
  await untilRefused(() => editor.judge("POST", NAMESPACES, namespace(uniqueName("rules"), CLAIM)));
});
afterAll(() => bench.close());

const namespace = (name: string, metadata: Patch) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { ...metadata, name },
});

describe("a namespace is made", () => {
  test.each<readonly [string, Who, Patch, string]>([
    ["by anybody without marks", "editor", {}, ACCEPTED],
    ["by anybody with consent", "editor", CONSENT, ACCEPTED],
    ["by nobody else as a Project's", "editor", CLAIM, THE_OPERATORS],
    ["by nobody else as protected", "editor", PROTECTION, THE_OPERATORS],
    ["by nobody else as the operator's", "editor", MADE, THE_OPERATORS],
    ["by the operator with all marks", "operator", merge(merge(CLAIM, CONSENT), merge(PROTECTION, MADE)), ACCEPTED],
    [
      "by an administrator with all marks",
      "administrator",
      merge(merge(CLAIM, CONSENT), merge(PROTECTION, MADE)),
      ACCEPTED,
    ],
  ])("%s", async (_says, who, metadata, expected) => {
    expect(await senders[who].judge("POST", NAMESPACES, namespace(uniqueName("rules"), metadata))).toContain(expected);
  });

  test("by the operator never with a name of Kubernetes", async () => {
    expect(await senders.operator.judge("POST", NAMESPACES, namespace("kube-rules", CLAIM))).toContain(RESERVED);
    expect(await senders.operator.judge("POST", NAMESPACES, namespace("kube-rules", {}))).toBe(ACCEPTED);
  });
});

describe("a namespace is changed", () => {
  test.each<readonly [string, Who, Patch, Patch, string]>([
    ["by anybody where our marks stay", "editor", CLAIM, { labels: { team: "a" } }, ACCEPTED],
    ["by anybody to give consent", "editor", {}, CONSENT, ACCEPTED],
    ["by nobody else to claim it", "editor", CONSENT, CLAIM, THE_OPERATORS],
    [
      "by nobody else to another Project",
      "editor",
      CLAIM,
      { labels: { "nephele.dev/project": "team-b" } },
      THE_OPERATORS,
    ],
    [
      "by nobody else to take it from its Project",
      "editor",
      CLAIM,
      { labels: { "nephele.dev/project": null } },
      THE_OPERATORS,
    ],
    ["by nobody else to protect it", "editor", CLAIM, PROTECTION, THE_OPERATORS],
    [
      "by nobody else to let it be deleted",
      "editor",
      PROTECTION,
      { labels: { "nephele.dev/protected": null } },
      THE_OPERATORS,
    ],
    ["by nobody else to be deleted with the Project", "editor", CLAIM, MADE, THE_OPERATORS],
    ["by an administrator to repair it", "administrator", CLAIM, { labels: { "nephele.dev/project": null } }, ACCEPTED],
    ["by the operator to claim one that consented", "operator", CONSENT, CLAIM, ACCEPTED],
    ["by the operator never to claim one that did not", "operator", {}, CLAIM, NO_CONSENT],
    ["by the operator never to claim one that consented to another", "operator", OTHER_CONSENT, CLAIM, NO_CONSENT],
    ["by the operator never with a consent of its own", "operator", {}, merge(CLAIM, CONSENT), NO_CONSENT],
    ["by the operator never to give consent", "operator", {}, CONSENT, CONSENT_IS_PEOPLES],
    [
      "by the operator never to take consent away",
      "operator",
      CONSENT,
      { annotations: { "nephele.dev/project": null } },
      CONSENT_IS_PEOPLES,
    ],
    ["by the operator never to be deleted later", "operator", merge(CLAIM, CONSENT), MADE, NOT_MADE],
    ["by the operator to protect it", "operator", merge(CLAIM, CONSENT), PROTECTION, ACCEPTED],
    [
      "by the operator to let it go",
      "operator",
      merge(CLAIM, CONSENT),
      { labels: { "nephele.dev/project": null } },
      ACCEPTED,
    ],
    [
      "by the operator where consent was taken back later",
      "operator",
      CLAIM,
      { labels: { "nephele.dev/protected": "false" } },
      ACCEPTED,
    ],
  ])("%s", async (_says, who, before, change, expected) => {
    const path = `${NAMESPACES}/${await bench.namespace(before)}`;
    const now = await bench.admin.send("GET", path);
    expect(await senders[who].judge("PUT", path, merge(now, { metadata: change }))).toContain(expected);
    // A protected namespace could not be cleaned up.
    await bench.admin.send("PUT", path, merge(now, { metadata: { labels: { "nephele.dev/protected": null } } }));
  });

  test.each(["default", "kube-system", "nephele-system"])("never to give %s to a Project", async (name) => {
    const path = `${NAMESPACES}/${name}`;
    const now = await bench.admin.send("GET", path);
    expect(await bench.admin.judge("PUT", path, merge(now, { metadata: CLAIM }))).toContain(RESERVED);
    expect(await bench.admin.judge("PUT", path, merge(now, { metadata: CONSENT }))).toBe(ACCEPTED);
  });
});

describe("a namespace is deleted", () => {
  test.each<readonly [string, Who, Patch, string]>([
    ["by the operator where it made it", "operator", merge(CLAIM, MADE), ACCEPTED],
    [
      "by the operator never where it took it",
      "operator",
      merge(CLAIM, CONSENT),
      "the operator may delete only namespaces that it made",
    ],
    ["by others who may, also where the operator did not make it", "editor", CLAIM, ACCEPTED],
  ])("%s", async (_says, who, before, expected) => {
    expect(await senders[who].judge("DELETE", `${NAMESPACES}/${await bench.namespace(before)}`)).toContain(expected);
  });
});

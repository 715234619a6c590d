import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { secretNames } from "#operator/cloud/names.ts";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import type { Patch } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

const RESTORE = "system:serviceaccount:nephele-system:nephele-restore";
const RIGHTS = [{ apiGroups: [""], resources: ["secrets"], verbs: ["create"] }];
const REFUSED = "a restore creates keys of its Cloud alone";
const HELD = "a restore creates keys that nobody owns or holds";
const PATH = "/api/v1/namespaces/nephele-system/secrets";

let bench: Workbench;
let senders: { readonly restore: Sender; readonly other: Sender };
type Who = keyof typeof senders;

const cloud = uniqueName("cloud");
/** As the backup holds them. */
const labelled = (name: string) => ({ "nephele.dev/cloud": name, "nephele.dev/managed-by": "nephele-operator" });
const ofCloud = { labels: labelled(cloud) };
const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "b" }];
const secret = (name: string, metadata: Patch, more: Patch = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  ...more,
  metadata: { ...metadata, name },
});

beforeAll(async () => {
  bench = await openWorkbench();
  senders = { restore: await bench.user(RESTORE, RIGHTS), other: await bench.user("other", RIGHTS) };
  // Until the policy is at work.
  await untilRefused(() => senders.restore.judge("POST", PATH, secret("nobodys", {})));
});
afterAll(() => bench.close());

const token = {
  type: "kubernetes.io/service-account-token",
};
const ofOperator = { annotations: { "kubernetes.io/service-account.name": "nephele-operator" } };

test("the names of all keys that a backup holds are taken, and no others", async () => {
  const named = Object.values(secretNames).map((nameOf) => nameOf({ metadata: { name: cloud } } as Cloud));
  const verdicts = await Promise.all(
    named.map(async (name) => [name, await senders.restore.judge("POST", PATH, secret(name, ofCloud))] as const),
  );
  expect(verdicts.filter(([, verdict]) => verdict !== ACCEPTED).map(([name]) => name)).toEqual([`${cloud}-database`]);
});

test.each<readonly [string, Who, ReturnType<typeof secret>, string]>([
  ["a key of the Cloud that it is labelled with is made", "restore", secret(`${cloud}-kek`, ofCloud), ACCEPTED],
  ["a core Secret that is nobody's is not", "restore", secret("registry-login", {}), REFUSED],
  ["nor one of another name", "restore", secret("registry-login", ofCloud), REFUSED],
  [
    "nor one whose label is made to fit",
    "restore",
    secret("registry-login", { labels: labelled("registry") }),
    REFUSED,
  ],
  ["nor PostgreSQL's passwords", "restore", secret(`${cloud}-database`, ofCloud), REFUSED],
  ["nor a key that something owns", "restore", secret(`${cloud}-kek`, { ...ofCloud, ownerReferences }), HELD],
  ["nor one that something holds", "restore", secret(`${cloud}-kek`, { ...ofCloud, finalizers: ["a.b/c"] }), HELD],
  ["nor a token of another account", "restore", secret(`${cloud}-kek`, { ...ofCloud, ...ofOperator }, token), REFUSED],
  ["others are bound by their rights alone", "other", secret("registry-login", {}), ACCEPTED],
])("%s", async (_says, who, object, expected) => {
  expect(await senders[who].judge("POST", PATH, object)).toContain(expected);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const RIGHTS = [{ apiGroups: [""], resources: ["secrets"], verbs: ["create", "update"] }];
const MARKED = { labels: { "nephele.dev/managed-by": "nephele-operator" } };
const REFUSED = "the label nephele.dev/managed-by is the operator's: it marks core Secrets that are never a source";

let bench: Workbench;
let collection: string;
let senders: { readonly operator: Sender; readonly tenant: Sender; readonly administrator: Sender };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  collection = `/api/v1/namespaces/${await bench.namespace()}/secrets`;
  const tenant = await bench.user("tenant", RIGHTS);
  senders = { operator: await bench.user(OPERATOR, RIGHTS), tenant, administrator: bench.admin };
  // Until the policy is at work.
  await untilRefused(() => tenant.judge("POST", collection, secret(MARKED)));
});
afterAll(() => bench.close());

const secret = (metadata: Patch) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { ...metadata, name: uniqueName("rules") },
});

test.each<readonly [string, Who, Patch, string]>([
  ["a tenant makes a core Secret", "tenant", {}, ACCEPTED],
  ["a tenant makes no core Secret that is marked as ours", "tenant", MARKED, REFUSED],
  ["the operator does", "operator", MARKED, ACCEPTED],
  ["an administrator does", "administrator", MARKED, ACCEPTED],
])("%s", async (_says, who, metadata, expected) => {
  expect(await senders[who].judge("POST", collection, secret(metadata))).toContain(expected);
});

test.each<readonly [string, Who, Patch, Patch, string]>([
  ["a tenant changes a marked core Secret elsewhere", "tenant", MARKED, { labels: { team: "a" } }, ACCEPTED],
  ["a tenant does not take the mark off", "tenant", MARKED, { labels: null }, REFUSED],
  ["a tenant does not change the mark", "tenant", MARKED, { labels: { "nephele.dev/managed-by": "me" } }, REFUSED],
  ["a tenant does not put the mark on", "tenant", {}, MARKED, REFUSED],
  ["the operator puts the mark on", "operator", {}, MARKED, ACCEPTED],
  ["an administrator takes the mark off", "administrator", MARKED, { labels: null }, ACCEPTED],
])("%s", async (_says, who, before, change, expected) => {
  const path = await bench.create(collection, secret(before));
  const now = await bench.admin.send("GET", path);
  expect(await senders[who].judge("PUT", path, merge(now, { metadata: change }))).toContain(expected);
});

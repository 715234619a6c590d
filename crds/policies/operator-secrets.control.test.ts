import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const RIGHTS = [{ apiGroups: [""], resources: ["secrets"], verbs: ["update", "delete"] }];
const OF_A_CLOUD = { labels: { "nephele.dev/cloud": "default" } };
const REFUSED = "the operator changes core Secrets of Clouds alone";
const RELEASE = "/api/v1/namespaces/nephele-system/secrets";

let bench: Workbench;
let elsewhere: string;
let senders: { readonly operator: Sender; readonly other: Sender };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  elsewhere = `/api/v1/namespaces/${await bench.namespace()}/secrets`;
  senders = { operator: await bench.user(OPERATOR, RIGHTS), other: await bench.user("other", RIGHTS) };
  const path = await bench.create(RELEASE, secret());
  // Until the policy is at work.
  await untilRefused(() => senders.operator.judge("DELETE", path));
});
afterAll(() => bench.close());

const secret = (metadata: Patch = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { ...metadata, name: uniqueName("rules") },
});

test.each<readonly [string, Who, Patch, "release" | "elsewhere", string]>([
  ["the operator changes and deletes what is of a Cloud", "operator", OF_A_CLOUD, "release", ACCEPTED],
  ["the operator neither changes nor deletes what is nobody's it knows", "operator", {}, "release", REFUSED],
  ["others are bound by their rights alone", "other", {}, "release", ACCEPTED],
  ["in a Project's namespace the operator is", "operator", {}, "elsewhere", ACCEPTED],
])("%s", async (_says, who, metadata, where, expected) => {
  const path = await bench.create(where === "release" ? RELEASE : elsewhere, secret(metadata));
  const now = await bench.admin.send("GET", path);
  const changed = merge(now, { metadata: { annotations: { changed: "yes" } } });
  expect(await senders[who].judge("PUT", path, changed)).toContain(expected);
  expect(await senders[who].judge("DELETE", path)).toContain(expected);
});

test("the operator does not make one a Cloud's by putting the label on", async () => {
  const path = await bench.create(RELEASE, secret());
  const now = await bench.admin.send("GET", path);
  expect(await senders.operator.judge("PUT", path, merge(now, { metadata: OF_A_CLOUD }))).toContain(REFUSED);
});

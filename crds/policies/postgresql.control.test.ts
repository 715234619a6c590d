import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { POSTGRESQL_ACCOUNT } from "#operator/cloud/children/accounts.ts";
import { ROLE_LABEL, SCOPE_LABEL } from "#operator/cloud/children/postgresql-config.ts";
import { trustNames } from "#operator/install/trust/decide.ts";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge, type Patch } from "../testing/rule-case.ts";
import { openWorkbench, type Workbench } from "../testing/workbench.ts";

const RIGHTS = [
  { apiGroups: [""], resources: ["pods"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "patch", "update", "delete"] },
];
const NOT_ITS_CONFIG_MAP = "PostgreSQL writes the ConfigMaps of its own scope alone";
const NOT_ITS_POD = "PostgreSQL changes its own pods alone";
const NOT_ITS_LABEL = "labels nephele.dev/database-role alone";

/** Of this file alone, as other files make Clouds in the release's namespace too. */
const scope = `${uniqueName("rules")}-postgresql`;
const SCOPED = { labels: { [SCOPE_LABEL]: scope } };

let bench: Workbench;
let configMaps: string;
let pods: string;
let senders: { readonly postgresql: Sender; readonly other: Sender };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  const namespace = await bench.namespace();
  configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  pods = `/api/v1/namespaces/${namespace}/pods`;
  senders = {
    postgresql: await bench.user(`system:serviceaccount:${namespace}:${POSTGRESQL_ACCOUNT}`, RIGHTS),
    other: await bench.user("other", RIGHTS),
  };
  // Until the policy is at work.
  await untilRefused(() => senders.postgresql.judge("POST", configMaps, configMap(uniqueName("rules"))));
});
afterAll(() => bench.close());

const configMap = (name: string, metadata: Patch = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { ...metadata, name },
});

describe("ConfigMaps", () => {
  test.each<readonly [string, Who, string, Patch, string]>([
    ["PostgreSQL writes who is the primary", "postgresql", `${scope}-leader`, SCOPED, ACCEPTED],
    ["not one without its scope's label", "postgresql", `${scope}-config`, {}, NOT_ITS_CONFIG_MAP],
    ["nor its Cloud's configuration", "postgresql", scope, {}, NOT_ITS_CONFIG_MAP],
    ["nor one that is named as another's", "postgresql", "other-postgresql-leader", SCOPED, NOT_ITS_CONFIG_MAP],
    ...[trustNames.record, trustNames.bundle, "nephele-spire-server", "nephele-spire-agent"].flatMap((name) => [
      [`nor SPIRE's ${name}`, "postgresql", name, {}, NOT_ITS_CONFIG_MAP] as const,
      [`nor ${name} with a label put on`, "postgresql", name, SCOPED, NOT_ITS_CONFIG_MAP] as const,
    ]),
    [
      "nor by a scope that would be SPIRE's name",
      "postgresql",
      "nephele-spire-server",
      { labels: { [SCOPE_LABEL]: "nephele-spire" } },
      NOT_ITS_CONFIG_MAP,
    ],
    ["control: others are bound by their rights alone", "other", "nephele-spire-server", {}, ACCEPTED],
  ])("%s", async (_says, who, name, metadata, expected) => {
    expect(await senders[who].judge("POST", configMaps, configMap(name, metadata))).toContain(expected);
    const path = await bench.create(configMaps, configMap(name, metadata));
    try {
      const now = await bench.admin.send("GET", path);
      expect(await senders[who].judge("PUT", path, merge(now, { data: { "server.conf": "{}" } }))).toContain(expected);
      expect(await senders[who].judge("DELETE", path)).toContain(expected);
    } finally {
      await bench.admin.send("DELETE", path);
    }
  });

  test("PostgreSQL makes none its own by putting the label on, and gives none away", async () => {
    const path = await bench.create(configMaps, configMap(`${scope}-status`));
    const now = await bench.admin.send("GET", path);
    const verdict = await senders.postgresql.judge("PUT", path, merge(now, { metadata: SCOPED }));
    expect(verdict).toContain(NOT_ITS_CONFIG_MAP);
    const own = await bench.create(configMaps, configMap(`${scope}-sync`, SCOPED));
    const ownNow = await bench.admin.send("GET", own);
    const away = merge(ownNow, { metadata: { labels: { [SCOPE_LABEL]: "other-postgresql" } } });
    expect(await senders.postgresql.judge("PUT", own, away)).toContain(NOT_ITS_CONFIG_MAP);
  });
});

describe("pods", () => {
  const component = "app.kubernetes.io/component";
  const role = { metadata: { labels: { [ROLE_LABEL]: "primary" }, annotations: { status: "{}" } } };
  const stranger = { spec: { containers: [{ name: "a", image: "stranger" }] } };

  test.each<readonly [string, Who, Patch, Patch, string]>([
    ["PostgreSQL says on its own which is the primary", "postgresql", SCOPED, role, ACCEPTED],
    ["not on another's", "postgresql", {}, role, NOT_ITS_POD],
    ["nor makes another's its own", "postgresql", {}, { metadata: SCOPED }, NOT_ITS_POD],
    ["nor gives its own another image", "postgresql", SCOPED, stranger, NOT_ITS_POD],
    [
      "nor passes itself off as an agent, which SPIRE's server lets in",
      "postgresql",
      SCOPED,
      { metadata: { labels: { [component]: "spire-agent" } } },
      NOT_ITS_LABEL,
    ],
    ["control: others are bound by their rights alone", "other", {}, stranger, ACCEPTED],
  ])("%s", async (_says, who, metadata, change, expected) => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name: uniqueName("rules") },
      // Gated: a scheduler that binds it between the read and the write would be what the write is refused for.
      spec: {
        automountServiceAccountToken: false,
        schedulingGates: [{ name: "nephele.dev/never" }],
        containers: [{ name: "a", image: "a" }],
      },
    };
    const path = await bench.create(pods, pod);
    // Whatever else writes it between the read and the write.
    const now = merge(await bench.admin.send("GET", path), { metadata: { resourceVersion: null } });
    expect(await senders[who].judge("PUT", path, merge(now, change))).toContain(expected);
  });
});

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { trustNames } from "#operator/install/trust/decide.ts";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import { CLUSTER } from "#operator/registration/workload.ts";
import { imageSpecs, referenceOf } from "../../images/images.ts";

const checkout = realpathSync(join(import.meta.dirname, "../.."));
const chart = join(checkout, "charts/nephele");
const yamlFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort();

test.each([
  ["CRDs", "crds", "crds"],
  ["admission policies", "policies", "crds/policies"],
])("the chart ships all %s of the checkout, and the files themselves", (_what, folder, source) => {
  const shipped = yamlFiles(join(chart, folder));
  expect(shipped).toEqual(yamlFiles(join(checkout, source)));
  expect(shipped.map((file) => realpathSync(join(chart, folder, file)))).toEqual(
    shipped.map((file) => join(checkout, source, file)),
  );
});

test("the default images are those that images/ builds for this version", () => {
  const { appVersion } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8")) as { readonly appVersion: string };
  const { operator, spire } = parse(readFileSync(join(chart, "values.yaml"), "utf8")) as {
    readonly operator: { readonly image: { readonly repository: string } };
    readonly spire: { readonly image: { readonly repository: string; readonly tag: string } };
  };
  const built = imageSpecs.map(referenceOf);
  expect(built).toContain(`${operator.image.repository}:${appVersion}`);
  expect(built).toContain(`${spire.image.repository}:${spire.image.tag}`);
});

const inInstall = (name: string): string => `operator/install/${name}.ts`;

test("what the chart's pods run is in the image", () => {
  const templates = readdirSync(join(chart, "templates"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => readFileSync(join(chart, "templates", file), "utf8"));
  const programs = templates.flatMap((text) =>
    [...text.matchAll(/\b(?:operator|xds-control-plane)\/[a-z/-]+\.ts\b/g)].map(([path]) => path),
  );
  expect(new Set(programs)).toEqual(
    new Set([
      "operator/main.ts",
      "operator/console-proxy/main.ts",
      ...["crds", "spire-enrol", "spire-trust", "verify"].map(inInstall),
      "xds-control-plane/main.ts",
    ]),
  );
  for (const program of programs) expect(() => realpathSync(join(checkout, program))).not.toThrow();
});

test("the operator runs as it does elsewhere: with the flags of node-flags.ts, before its own", () => {
  const text = readFileSync(join(chart, "templates/operator/deployment.yaml"), "utf8");
  const args = [...text.matchAll(/^ {12}- (--\S+|operator\/main\.ts)$/gm)].map(([, argument]) => argument);
  expect(args.slice(0, args.indexOf("operator/main.ts"))).toEqual(NODE_FLAGS);
});

test("the README's table of values is what the schema says (node tools/generate-chart.ts writes it)", () => {
  expect(() => execFileSync(process.execPath, [join(checkout, "tools/generate-chart.ts"), "--check"])).not.toThrow();
});

test("what holds the trust is named alike by the program that makes it and by the templates", () => {
  const texts = ["trust", "server", "agent"].map((name) =>
    readFileSync(join(chart, `templates/spire/${name}.yaml`), "utf8"),
  );
  for (const name of Object.values(trustNames)) expect(texts[0]).toContain(name);
  expect(texts[1]).toContain(`secretName: ${trustNames.root}`);
  expect(texts[2]).toContain(`configMap: { name: ${trustNames.bundle} }`);
});

test("the cluster whose nodes are attested is named alike by server, agents and the entry of its nodes", () => {
  const configuration = readFileSync(join(chart, "templates/spire/_helpers.tpl"), "utf8");
  expect(configuration).toContain(`${CLUSTER}: { service_account_allow_list:`);
  expect(configuration).toContain(`k8s_psat: { plugin_data: { cluster: ${CLUSTER} } }`);
});

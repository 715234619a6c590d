import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../cluster/files.ts";
import { checkout, clusterLocation } from "../cluster/location.ts";
import { systemNamespace } from "../cluster/nephele-objects.ts";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";
import { openSteps } from "../cluster/steps.ts";
import { type NodeHandle, openNode } from "../node/handle.ts";
import { installNephele } from "../node/nephele.ts";
import { upNode } from "../node/up.ts";
import { reportText, type Suite, suites } from "./report.ts";
import { resultsIn } from "./results.ts";
import { tempestConfig } from "./tempest-config.ts";

// `make conformance-openstack`: OpenStack's own tests, by its own program, against the Keystone and the Barbican that a Cloud
// deploys on the node. It reaches them as a pod does, and logs in as the administrator of the break-glass Secret.

const REPORT = join(checkout, "docs/reports/conformance-openstack.md");
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
/** An alarm: both suites take minutes. */
const WITHIN_MS = 60 * 60_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

const location = clusterLocation(process.env, "node");
const { stateDir } = await upNode(location, print);
await installNephele(stateDir, print);
const node = await openNode(stateDir);
const folder = join(stateDir, "tempest");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true, mode: 0o700 });
const steps = openSteps(print);
const python = await steps.step("OpenStack's tests", () => ensurePythonEnvironment(REQUIREMENTS));
await prepare(node);
const results = [];
for (const suite of suites) results.push({ suite, results: await steps.step(suite.name, () => runSuite(suite)) });
writeWhole(REPORT, reportText(results), 0o644);
const worse = results.filter(({ suite, results: { passed } }) => passed < suite.goal);
for (const {
  suite,
  results: { passed, failed },
} of worse)
  print(`${suite.name}: ${passed} passed, ${suite.goal} must; failed: ${failed.join(", ")}`);
process.exitCode = worse.length === 0 ? 0 : 1;

/** A workspace of tempest's, with the address and the administrator of the Cloud. The password is in a file that only we read. */
async function prepare({ run }: NodeHandle): Promise<void> {
  const at = `--namespace=${systemNamespace}`;
  const identityUrl = await run(
    "get",
    "clouds.nephele.dev/default",
    at,
    "--output=jsonpath={.status.endpoints.internal.identity}",
  );
  const encoded = await run("get", "secret/default-administrator", at, "--output=jsonpath={.data.password}");
  const password = Buffer.from(encoded, "base64").toString();
  mkdirSync(join(folder, "locks"));
  mkdirSync(join(folder, "etc"));
  writeWhole(join(folder, "etc/tempest.conf"), tempestConfig({ identityUrl, region: "RegionOne", password }, folder));
}

/** Runs a suite, two tests at a time; failing tests are in the results, a program that ran none throws. */
async function runSuite({ name, tests }: Suite): Promise<ReturnType<typeof resultsIn>> {
  const log = join(folder, `${name.replaceAll(" ", "-")}.log`);
  const command = 'cd "$1" && exec "$2" run --config-file etc/tempest.conf --concurrency 2 --regex "$3" >"$4" 2>&1';
  await node.atNode("sh", ["-c", command, "sh", folder, python.bin("tempest"), tests, log], { withinMs: WITHIN_MS });
  const found = resultsIn(readFileSync(log, "utf8"));
  if (found.passed === 0) throw new Error(`${name} did not run: see ${log}`);
  return found;
}

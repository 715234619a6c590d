import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { writeWhole } from "../cluster/files.ts";
import { checkout, clusterLocation } from "../cluster/location.ts";
import { openSteps } from "../cluster/steps.ts";
import { gatewayClassName, installGateways } from "../node/gateways.ts";
import { openNode } from "../node/handle.ts";
import { programImage } from "../node/images.ts";
import { upNode } from "../node/up.ts";
import { tools } from "../tools/build.ts";
import { type ConformanceReport, gatewayReportText } from "./gateway-report.ts";

// `make conformance-gateway`: Gateway API's own tests, by its own program, against Gateways whose proxies the operator runs on the
// node. The program is in the node's network, and reaches what a pod reaches. `CONFORMANCE=<test>` is that test alone, and no report.

const PROFILES = ["GATEWAY-HTTP", "GATEWAY-GRPC", "GATEWAY-TLS"];
const REPORT = join(checkout, "docs/reports/conformance-gateway.yaml");
const PAGE = join(checkout, "docs/reports/conformance-gateway.md");
const REASONS = join(import.meta.dirname, "gateway-reasons.yaml");
/** An alarm: it takes minutes. */
const WITHIN_MS = 60 * 60_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

const [only] = process.argv.slice(2);
const { bin } = await tools("gateway-conformance", print);
const { stateDir } = await upNode(clusterLocation(process.env, "node"), print);
const node = await openNode(stateDir);
const steps = openSteps(print);
const echo = await programImage(join(bin, "echo-basic"));
await steps.step("the backends' image", () => node.importImages([echo]));
await steps.step("Gateways", () => installGateways(node, print));

const folder = join(stateDir, "gateway-conformance");
mkdirSync(folder, { recursive: true });
const [written, log] = [join(folder, "report.yaml"), join(folder, "suite.log")];
rmSync(written, { force: true });
const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { readonly version: string };
const flags = [
  ...["-test.v", `-test.timeout=${WITHIN_MS / 1000}s`, `-echo-image=${echo.reference}`],
  ...[`-gateway-class=${gatewayClassName}`, `-conformance-profiles=${PROFILES.join(",")}`],
  ...(only === undefined ? [`-report-output=${written}`] : [`-run-test=${only}`]),
  ...["-organization=nephele", "-project=nephele", "-url=https://nephele.dev", `-version=v${version}`],
  "-contact=https://nephele.dev",
];
const command = 'log=$1 && shift && exec "$@" >"$log" 2>&1';
const { ok } = await steps.step("Gateway API's tests", () =>
  node.atNode("sh", ["-c", command, "sh", log, join(bin, "suite"), ...flags], {
    env: { KUBECONFIG: node.cluster.kubeconfigPath },
    withinMs: WITHIN_MS,
  }),
);
print(`${ok ? "passed" : "failed"}: see ${log}`);
if (only === undefined) {
  if (!existsSync(written)) throw new Error(`the suite wrote no report: see ${log}`);
  copyFileSync(written, REPORT);
  const reasons = parse(readFileSync(REASONS, "utf8")) as Readonly<Record<string, string>> | null;
  writeWhole(PAGE, gatewayReportText(parse(readFileSync(written, "utf8")) as ConformanceReport, reasons ?? {}), 0o644);
}
process.exitCode = ok ? 0 : 1;

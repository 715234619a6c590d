/** Of Gateway API's report (conformance/apis/v1 of its module) what is told people. */
export interface ConformanceReport {
  readonly gatewayAPIVersion: string;
  readonly gatewayAPIChannel: string;
  readonly profiles: readonly ProfileReport[];
}

interface ProfileReport {
  readonly name: string;
  readonly core: TestStatus;
  readonly extended?: TestStatus & {
    readonly supportedFeatures?: readonly string[];
    readonly unsupportedFeatures?: readonly string[];
  };
}

interface TestStatus {
  readonly result: string;
  readonly statistics: Readonly<Record<"Passed" | "Failed" | "Skipped", number>>;
  readonly failedTests?: readonly string[];
  readonly skippedTests?: readonly string[];
}

const HEAD = `# Gateway API's own tests

Written by \`make conformance-gateway\` (e2e/conformance): the conformance suite of sigs.k8s.io/gateway-api/conformance, against
Gateways of the class \`nephele\` on the local cluster's node, whose proxies the operator runs. What is supported is read from the
GatewayClass; [conformance-gateway.yaml](conformance-gateway.yaml) is the suite's own report.

Not run: the profiles of TCPRoute and UDPRoute, which are not read (the name server that UDP's tests ask is left out of the suite's manifests), and
those of the mesh: routes of Services are served to sidecars, and nobody puts sidecars into the suite's pods.
`;

/**
 * The page about a report.
 *
 * @param reasons why a test fails or is skipped, by its name
 * @throws Error that names a failing test without a reason
 */
export function gatewayReportText(report: ConformanceReport, reasons: Readonly<Record<string, string>>): string {
  const levels = report.profiles.flatMap(({ name, core, extended }) => [
    { name, level: "core", status: core },
    ...(extended === undefined ? [] : [{ name, level: "extended", status: extended }]),
  ]);
  const rows = levels.map(
    ({ name, level, status: { result, statistics } }) =>
      `| ${name} | ${level} | ${result} | ${statistics.Passed} | ${statistics.Failed} | ${statistics.Skipped} |`,
  );
  const others = levels.flatMap(({ status: { failedTests = [], skippedTests = [] } }) => [
    ...failedTests.map((test) => [test, "failed"] as const),
    ...skippedTests.map((test) => [test, "skipped"] as const),
  ]);
  const named = new Map(others);
  const missing = [...named.keys()].filter((test) => reasons[test] === undefined);
  if (missing.length > 0)
    throw new Error(`say in e2e/conformance/gateway-reasons.yaml why these do not pass: ${missing.join(", ")}`);
  const features = (which: "supportedFeatures" | "unsupportedFeatures"): readonly string[] =>
    [...new Set(report.profiles.flatMap(({ extended }) => extended?.[which] ?? []))].sort();
  const list = (title: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : ["", `${title}: ${names.join(", ")}.`];
  return [
    HEAD,
    `Gateway API ${report.gatewayAPIVersion}, ${report.gatewayAPIChannel} channel.`,
    "",
    "| profile | level | result | passed | failed | skipped |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    ...(named.size === 0
      ? []
      : [
          "",
          "| test | | why |",
          "| --- | --- | --- |",
          ...[...named].map(([test, what]) => `| ${test} | ${what} | ${reasons[test]} |`),
        ]),
    ...list("Extended features that are supported", features("supportedFeatures")),
    ...list("Those that are not, whose tests do not run", features("unsupportedFeatures")),
    "",
  ].join("\n");
}

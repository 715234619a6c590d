import type { Results } from "./results.ts";

/** Tests that belong together. */
export interface Suite {
  readonly name: string;
  /** Which tests, as a regular expression of their names. */
  readonly tests: string;
  /** At least so many must pass: what the two services did alone, without Nephele. */
  readonly goal: number;
}

export const suites: readonly Suite[] = [
  { name: "barbican-tempest-plugin", tests: "^barbican_tempest_plugin\\.", goal: 304 },
  { name: "tempest identity", tests: "^tempest\\.api\\.identity\\.", goal: 134 },
];

const HEAD = `# OpenStack's own tests

Written by \`make conformance-openstack\` (e2e/conformance): tempest and barbican-tempest-plugin, as they are on PyPI (versions in
e2e/conformance/requirements.txt), against the Keystone and the Barbican of the release that the chart's Cloud deploys as pods on the
local cluster's node, reached by their Services. The goal is what the two services did alone, without Nephele.
`;

/** The report as Markdown. */
export function reportText(runs: readonly { readonly suite: Suite; readonly results: Results }[]): string {
  const rows = runs.map(({ suite: { name, goal }, results: { passed, skipped, failed } }) => {
    const verdict = passed >= goal ? "met" : "**missed**";
    return `| ${name} | ${passed} | ${skipped.length} | ${failed.length} | ${goal} passed – ${verdict} |`;
  });
  const others = runs.flatMap(({ suite, results: { skipped, failed } }) => [
    ...failed.map((test) => `| ${suite.name} | failed | \`${test}\` | |`),
    ...skipped.map(({ test, reason }) => `| ${suite.name} | skipped | \`${test}\` | ${reason} |`),
  ]);
  return [
    HEAD,
    "| suite | passed | skipped | failed | goal |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "| suite | | test | tempest's reason |",
    "| --- | --- | --- | --- |",
    ...others,
    "",
  ].join("\n");
}

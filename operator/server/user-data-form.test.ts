import { expect, test } from "vitest";
import { formProblem } from "./user-data-form.ts";

test.each([
  "#cloud-config\npackages: [nginx]\n",
  "#cloud-config\n",
  "#cloud-config\n# nothing yet\n",
  "\n  #Cloud-Config\na: 1\n",
  "#cloud-config\na: 1\na: 2\n",
  "#cloud-config\nbase: &base {a: 1}\nmore: {<<: *base, b: yes}\n",
  '#cloud-config\nkey: "one\ntwo"\nmore: x\n',
  "#cloud-config\nlist: [\na,\nb]\nmore: x\n",
  '#cloud-config\nlist:\n- "x"#note\n',
  "#cloud-config-archive\n- type: text/cloud-config\n  content: x\n",
  "#!/bin/sh\n: [\n",
  "#include\nhttp://example.org/x\n",
  "#include-once\nhttp://example.org/x\n",
  "#cloud-boothook\necho\n",
  "#part-handler\n",
  "## template: jinja\n#cloud-config\nname: {{ v1.x }}\n",
  `#cloud-config\n${"# x\n".repeat(100_000)}a: [\n`,
])("nothing is wrong with %j", (text) => {
  expect(formProblem(Buffer.from(text))).toBeUndefined();
});

test.each([
  ["packages: [nginx]\n", /^it begins with none of #cloud-config, #!, .*cloud-init would pass over it$/],
  ['{"ignition": {}}', /^it begins with none of/],
  ["\uFEFF#cloud-config\na: 1\n", /^it begins with none of/],
  ["#cloud-config\n\tpassword: hunter2\n", /^its cloud-config is no YAML at line 2, column \d+ \([A-Z_]+\)$/],
  ["#cloud-config\nkey: hunter2: x\n", /^its cloud-config is no YAML at line 2/],
  ["#cloud-config\n- a\n", /^its cloud-config is no mapping of keys to values$/],
  ["#cloud-config\njust words\n", /^its cloud-config is no mapping/],
  ["#cloud-config\na: 1\n---\nb: 2\n", /^its cloud-config is no YAML at line 3.*MULTIPLE_DOCS/],
])("what is wrong with %j is said, and nothing that stands in it", (text, problem) => {
  const said = formProblem(Buffer.from(text)) ?? "";
  expect(said).toMatch(problem);
  expect(said).not.toContain("hunter2");
});

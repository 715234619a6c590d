import { expect, test } from "vitest";
import { CONFIGS, WRONG } from "./testing/user-data-forms.ts";
import { formProblem } from "./user-data-form.ts";

test.each([
  ...CONFIGS,
  "#cloud-config\n",
  "#cloud-config\n# nothing yet\n",
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

test.each(WRONG)("what is wrong with %j is said, and nothing that stands in it", (text, problem) => {
  const said = formProblem(Buffer.from(text)) ?? "";
  expect(said).toMatch(problem);
  expect(said).not.toContain("hunter2");
});

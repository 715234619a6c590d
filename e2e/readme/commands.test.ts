import { expect, test } from "vitest";
import { commandsUnder } from "./commands.ts";

const page = `# Title

## Begin
Some words.
\`\`\`
make up
kubectl get nephele -A      # all of it
\`\`\`
More words, \`not a command\`.
\`\`\`
kubectl get secret -o jsonpath='{.data.x\\.y}' | base64 -d > file
\`\`\`

## End
Nothing to type.
`;

test("the lines of all blocks under a heading, without remarks", () => {
  expect(commandsUnder(page, "Begin")).toEqual([
    "make up",
    "kubectl get nephele -A",
    "kubectl get secret -o jsonpath='{.data.x\\.y}' | base64 -d > file",
  ]);
});

test("a heading that is not there, and one without commands, are errors: a test of no command shows nothing", () => {
  expect(() => commandsUnder(page, "Middle")).toThrow('no heading "Middle"');
  expect(() => commandsUnder(page, "End")).toThrow("nobody to type anything");
});

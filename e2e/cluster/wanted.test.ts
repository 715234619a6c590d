import { expect, test } from "vitest";
import { wantedCluster } from "./wanted.ts";

test.each([
  [undefined, true, "node"],
  [undefined, false, "control"],
  ["", true, "node"],
  ["local", true, "node"],
  ["local", false, "control"],
  ["control", true, "control"],
  // What is asked for is not exchanged for something else: who is not root is told so by what starts the node.
  ["node", false, "node"],
  ["existing", true, "existing"],
  ["kind", false, "kind"],
] as const)("CLUSTER=%s, root: %s: %s", (asked, isRoot, wanted) => {
  expect(wantedCluster({ CLUSTER: asked }, isRoot)).toBe(wanted);
});

test("another word is an error that says the known ones", () => {
  expect(() => wantedCluster({ CLUSTER: "minikube" }, true)).toThrow(
    "CLUSTER=minikube is not known: use local, control, node, existing or kind",
  );
});

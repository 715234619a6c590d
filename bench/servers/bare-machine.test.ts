import { expect, test } from "vitest";
import { aMachine } from "#operator/server/fixtures.ts";
import { bareMachine } from "./bare-machine.ts";

test("a machine becomes another of the same kind: its own name, disk and identity, nobody's child", () => {
  const made = aMachine("Always", {}, { labels: { "nephele.dev/server": "web-1" } });
  const volumes = [{ name: "root", dataVolume: { name: "web-1-root-1" } }];
  const spec = {
    ...made.spec,
    template: { spec: { hostname: "web-1", domain: { firmware: { uuid: "u" } }, volumes } },
  };
  expect(bareMachine({ ...made, spec } as never, "bare")).toEqual({
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "bare", namespace: "team-a" },
    spec: {
      runStrategy: "Always",
      template: {
        spec: { hostname: "bare", domain: {}, volumes: [{ name: "root", dataVolume: { name: "bare-root-1" } }] },
      },
    },
  });
});

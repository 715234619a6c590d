import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { envoyBinary } from "#e2e/envoy/envoy.ts";
import { imageSpecs } from "../../images/images.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { envoyArguments, envoyImage } from "./envoy.ts";

const platform = {
  trustDomain: "cloud.test",
  xds: { host: "nephele-xds.nephele-system.svc", port: 18_000, namespace: "nephele-system" },
  agentFolder: "/run/nephele/spire-agent",
};
const proxy = { proxyClass: "workload/cloud/web", namespace: "cloud", serviceAccount: "web" };

/** What Envoy says of arguments without starting. */
async function validated(args: readonly string[]): Promise<string> {
  const { stderr } = await promisify(execFile)(await envoyBinary(), ["--mode", "validate", ...args]);
  return stderr;
}

test("Envoy takes what it is started with", async () => {
  await expect(validated(envoyArguments(bootstrapOf(proxy, platform), 1))).resolves.toBeDefined();
  // Control: a field that is none.
  const broken = { ...bootstrapOf(proxy, platform), nodes: {} };
  await expect(validated(envoyArguments(broken, 1))).rejects.toThrow(/nodes/);
});

test("its image is the one that is built of the Envoy that is tested", () => {
  const built = imageSpecs.map(({ name, tag }) => `docker.io/nephele/${name}:${tag}`);
  expect(built).toContain(envoyImage("docker.io/nephele"));
});

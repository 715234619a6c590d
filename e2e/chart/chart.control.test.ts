import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Kubectl, kubectl } from "#e2e/cluster/kubectl.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { chart, type Helm, openHelm } from "#e2e/node/helm.ts";

let bed: Bed;
let helm: Helm;
let run: Kubectl;
const folder = mkdtempSync(join(tmpdir(), "chart-"));

beforeAll(async () => {
  bed = await openBed();
  helm = await openHelm(bed.cluster.kubeconfigPath, () => {});
  run = kubectl(bed.cluster.kubectl, bed.cluster.kubeconfigPath);
}, 300_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await bed.close();
});

const render = (...values: readonly string[]): Promise<string> =>
  helm("template", "nephele", chart, "--namespace", "nephele-system", ...values.flatMap((value) => ["--set", value]));

/** What of a rendering is the xDS control plane's, by kind. */
function xdsObjects(
  rendered: string,
): readonly { readonly kind: string; readonly metadata: { readonly name: string } }[] {
  return parseAllDocuments(rendered)
    .map((each) => each.toJS() as { kind: string; metadata: { name: string } } | null)
    .filter((each) => each !== null)
    .filter(({ metadata }) => /^nephele[:-]xds/.test(metadata.name));
}

describe("the chart with the xDS control plane", () => {
  test("is as Helm wants it, and the API server takes all of it", async () => {
    await helm("lint", chart, "--strict", "--set", "xds.enabled=true");
    const objects = xdsObjects(await render("xds.enabled=true"));
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual([
      "ClusterRole",
      "ClusterRole",
      "ClusterRoleBinding",
      "Deployment",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
    const file = join(folder, "xds.json");
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await run("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", file);

    // Control: the API server looks.
    const broken = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }).replace(
      '"containers"',
      '"contains"',
    );
    writeFileSync(file, broken);
    await expect(run("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", file)).rejects.toThrow(
      /contains/,
    );
  });

  test("has nothing of it where it is not enabled, and takes no value that it does not know", async () => {
    expect(xdsObjects(await render())).toEqual([]);
    await expect(render("xds.enabled=true", "xds.replicas=11")).rejects.toThrow(/replicas/);
    await expect(render("xds.listen=0.0.0.0:1")).rejects.toThrow(/listen/);
  });
});

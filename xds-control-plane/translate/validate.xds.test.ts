import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openPki } from "../../e2e/cluster/pki.ts";
import { envoyRefuses } from "../../e2e/envoy/validate.ts";
import { cases } from "./cases/cases.ts";
import { agentCluster } from "./cases/sidecar.ts";
import { translate } from "./translate.ts";

const folder = mkdtempSync(join(tmpdir(), "mesh-validate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const authority = await openPki(folder).authority("ca", "test");
const { certificate: chain, key } = await authority.issue({ commonName: "example.test", dnsNames: ["example.test"] });
const svid = await authority.issue({ commonName: "web", uris: ["spiffe://mesh.test/ns/web/sa/web"] });
writeFileSync(join(folder, "svid.pem"), svid.certificate);
writeFileSync(join(folder, "svid-key.pem"), svid.key);
writeFileSync(join(folder, "bundle.pem"), authority.certificate);
const all = cases({ chain, key }, folder);

describe("Envoy's --mode validate", () => {
  test.each(all)("takes $name", async ({ mesh, proxy }) => {
    expect(await envoyRefuses(translate(mesh, proxy), [agentCluster])).toBeUndefined();
  });

  test("control: refuses an expression that is none, in a route that would be fetched", async () => {
    const { mesh, proxy } = all[0] as (typeof all)[number];
    const broken = JSON.parse(JSON.stringify(translate(mesh, proxy)).replaceAll("/v[0-9]+/.*", "/v(?=x)"));
    expect(await envoyRefuses(broken)).toContain("invalid perl operator");
  });
});

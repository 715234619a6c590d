import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { run } from "#e2e/harness/run.ts";
import { chart, type Helm, openHelm } from "#e2e/node/helm.ts";
import { tools } from "#e2e/tools/build.ts";
import type { ConfigMap } from "#operator/cloud/resources.ts";

/** What SPIRE's own programs say of the configuration that the chart renders for them. */

const OWN = "spire.upstream.trustBundle=-----BEGIN CERTIFICATE-----";
const VALUES: Readonly<Record<string, readonly string[]>> = {
  disk: [],
  "cert-manager": [OWN, "spire.upstream.certManager.issuerName=cloud"],
  vault: [
    OWN,
    "spire.upstream.vault.address=https://vault.example.org:8200",
    "spire.upstream.vault.role=spire",
    "spire.upstream.vault.caSecretName=vault-ca",
  ],
};
const VALID = "configuration file is valid";

const folder = mkdtempSync(join(tmpdir(), "configuration-"));
let helm: Helm;
let bin: string;
beforeAll(async () => {
  // Nothing is asked of a cluster.
  helm = await openHelm("/dev/null", () => {});
  ({ bin } = await tools("spire", () => {}));
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.keys(VALUES))("with the authority %s", (kind) => {
  test("server and agent take it, and find a key of their own misspelt", async () => {
    const configurations = await configured(kind);
    expect(Object.keys(configurations).sort()).toEqual(["agent", "server"]);
    for (const [program, text] of Object.entries(configurations)) {
      expect(await validated(program, text)).toContain(VALID);
      expect(await validated(program, text.replace('"trust_domain"', '"trust_domian"'))).not.toContain(VALID);
    }
  });
});

test.each([
  ["disk", "cert_file_path", "finds", false],
  ["cert-manager", "issuer_name", "finds", false],
  // So no setting of Vault's is shown by the tests above.
  ["vault", "vault_addr", "does not find", true],
])("of the authority %s, with %s misspelt, the server %s it", async (kind, setting, _finds, isTaken) => {
  const { server = "" } = await configured(kind);
  expect(server).toContain(`"${setting}"`);
  const said = await validated("server", server.replace(`"${setting}"`, `"${setting}x"`));
  expect(said.includes(VALID)).toBe(isTaken);
});

/** By program. */
async function configured(kind: string): Promise<Readonly<Record<string, string>>> {
  const values = ["spire.enabled=true", "spire.trustDomain=cloud.test", `spire.upstream.kind=${kind}`];
  const set = [...values, ...(VALUES[kind] ?? [])].flatMap((value) => ["--set", value]);
  const text = await helm("template", "nephele", chart, "--namespace=nephele-system", ...set);
  const objects = parseAllDocuments(text).map((document) => document.toJS() as ConfigMap | null);
  return Object.fromEntries(
    objects.flatMap((object) =>
      Object.entries(object?.data ?? {}).flatMap(([file, content]) => {
        const program = /^(server|agent)\.conf$/.exec(file)?.[1];
        return program === undefined ? [] : [[program, content]];
      }),
    ),
  );
}

async function validated(program: string, text: string): Promise<string> {
  const file = join(folder, `${program}.conf`);
  writeFileSync(file, text);
  return (await run(join(bin, `spire-${program}`), ["validate", "-config", file])).text;
}

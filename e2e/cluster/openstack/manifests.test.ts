import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStackManifests } from "./manifests.ts";

test("the password stands in the core Secret and nowhere else, and the Cloud names that Secret", () => {
  const folder = mkdtempSync(join(tmpdir(), "nephele-test-"));
  try {
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "a-password");
    const [secret, cloud] = openStackManifests({
      identityUrl: "http://127.0.0.1:5000/v3",
      keyManagerUrl: "http://127.0.0.1:9311",
      region: "RegionOne",
      adminCredentialsFile: "",
      adminPasswordFile: "",
      openstackBin: "",
      operator: { username: "nephele", passwordFile, userDomain: "Default" },
    });
    expect(secret).toMatchObject({ kind: "Secret", stringData: { username: "nephele", password: "a-password" } });
    expect(JSON.stringify(cloud)).not.toContain("a-password");
    const external = { url: "http://127.0.0.1:5000/v3", credentialsSecretRef: { name: secret?.metadata.name } };
    expect(cloud).toMatchObject({ kind: "Cloud", spec: { identity: { external } } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

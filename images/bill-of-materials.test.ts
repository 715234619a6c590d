import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { billOfMaterials } from "./bill-of-materials.ts";
import { openArchive } from "./oci-archive.ts";
import { writeArchive } from "./testing/archive.ts";

test("a bill of materials names the packages of Debian, Python and npm that are in the layers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bill-"));
  try {
    const archive = join(folder, "image.tar");
    await writeArchive(
      archive,
      {},
      {
        "./var/lib/dpkg/status.d/libstdc++6": "Package: libstdc++6\nVersion: 12.2.0-14+deb12u1\nArchitecture: amd64\n",
        "opt/venv/lib/python3.11/site-packages/oslo_db-1.dist-info/METADATA":
          "Metadata-Version: 2.4\nName: oslo.db\nVersion: 18.1.0\n",
        "app/node_modules/@kubernetes/client-node/package.json":
          '{"name": "@kubernetes/client-node", "version": "2.0.1"}',
        "app/node_modules/pino/lib/package.json": '{"name": "not-a-package-of-its-own", "version": "1.0.0"}',
        "app/node_modules/x/package.json": '{"type": "module"}',
      },
    );
    const bill = await billOfMaterials(await openArchive(archive, join(folder, "opened")), "docker.io/nephele/x:1");
    expect(bill.metadata.component).toEqual({ type: "container", name: "docker.io/nephele/x:1" });
    expect(bill.components.map(({ purl }) => purl)).toEqual([
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64",
      "pkg:npm/%40kubernetes/client-node@2.0.1",
      "pkg:pypi/oslo-db@18.1.0",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

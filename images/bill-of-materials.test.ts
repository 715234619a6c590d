import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { billOfMaterials } from "./bill-of-materials.ts";
import { openArchive } from "./oci-archive.ts";
import { writeArchive } from "./testing/archive.ts";

test("a bill of materials names the packages of Debian, Python and npm, and the modules of Go's programs, that are in the layers", async () => {
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
        "usr/bin/server": goProgram([
          "path\texample.org/tools",
          "mod\texample.org/tools\t(devel)\t",
          "dep\tgithub.com/spiffe/spire\tv1.15.3\th1:x=",
          "dep\texample.org/old\tv1.0.0",
          "=>\texample.org/fork\tv1.0.1\th1:y=",
          "dep\texample.org/stub\tv1.0.0",
          "=>\t./stubs/stub",
          "build\t-trimpath=true",
        ]),
        "usr/bin/other": "\x7fELF of another compiler",
      },
    );
    const bill = await billOfMaterials(await openArchive(archive, join(folder, "opened")), "docker.io/nephele/x:1");
    expect(bill.metadata.component).toEqual({ type: "container", name: "docker.io/nephele/x:1" });
    expect(bill.components.map(({ purl }) => purl)).toEqual([
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64",
      "pkg:golang/example.org/fork@v1.0.1",
      "pkg:golang/github.com/spiffe/spire@v1.15.3",
      "pkg:npm/%40kubernetes/client-node@2.0.1",
      "pkg:pypi/oslo-db@18.1.0",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A program as Go's linker marks it: what it was built of stands between two marks, after the compiler's version. */
function goProgram(lines: readonly string[]): Buffer {
  const mark = Buffer.alloc(16, 0x30);
  const modules = Buffer.concat([mark, Buffer.from(`${lines.join("\n")}\n`), mark]);
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", "latin1");
  header[14] = 8;
  header[15] = 2;
  const version = Buffer.from("go1.26.8");
  const text = Buffer.concat([varint(version.length), version, varint(modules.length), modules]);
  return Buffer.concat([Buffer.from("\x7fELF…"), header, text, Buffer.from("more")]);
}

/** A length, seven bits a byte. */
function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.of(value) : Buffer.of((value & 0x7f) | 0x80, value >> 7);
}

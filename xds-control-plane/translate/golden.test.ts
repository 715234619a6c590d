import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../mesh/check.ts";
import { cases } from "./cases/cases.ts";
import { agentCluster } from "./cases/sidecar.ts";
import { Compiler } from "./compile.ts";
import { translate } from "./translate.ts";

/** `GOLDEN=write` writes the files anew; a person looks at what differs. */
const isWritten = process.env["GOLDEN"] === "write";
const folder = join(import.meta.dirname, "golden");
const all = cases({ chain: "<certificate>", key: "<key>" }, "/run/identity");

/** The first use of a message's type makes its code, which takes a second or more of processor time. It is no measure of anything. */
const patience = { timeout: 60_000 };

describe("translation", () => {
  test.each(all)("$name is as its golden file says", patience, ({ name, mesh, proxy }) => {
    expect(problemsOf(mesh, proxy)).toEqual([]);
    const translation = translate(mesh, proxy);
    // What the golden file says is also a consistent snapshot of messages that Envoy's API has.
    new Compiler({ bootstrapClusters: [agentCluster] }).compile(translation);
    const text = `${JSON.stringify(translation, null, 2)}\n`;
    const file = join(folder, `${name}.golden.json`);
    if (isWritten) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
    }
    expect(text).toBe(readFileSync(file, "utf8"));
  });

  test("each golden file belongs to a case", () => {
    expect(readdirSync(folder).sort()).toEqual(all.map(({ name }) => `${name}.golden.json`).sort());
  });
});

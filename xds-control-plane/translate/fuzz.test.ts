import fc from "fast-check";
import { expect, test } from "vitest";
import { accepted } from "./accepted.ts";
import { arbitraryListener, arbitraryService, meshWith } from "./arbitrary-mesh.ts";
import { Compiler } from "./compile.ts";
import { translate } from "./translate.ts";

/** It is no measure of anything, milliseconds. */
const patience = { timeout: 60_000 };

test("whatever is accepted makes a consistent snapshot of valid resources, the same each time", patience, () => {
  fc.assert(
    fc.property(arbitraryListener, arbitraryService, (listener, service) => {
      const good = accepted(listener, service);
      // Those that are not accepted are drawn again: each run looks at one that is.
      fc.pre(good !== undefined);
      const { mesh, proxy } = meshWith([good], service);
      const compiler = new Compiler({ bootstrapClusters: ["spire-agent"] });
      const snapshot = compiler.compile(translate(mesh, proxy));
      expect(compiler.compile(translate(mesh, proxy))).toBe(snapshot);
    }),
    { numRuns: 100 },
  );
});

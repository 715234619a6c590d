import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { tools } from "../e2e/tools/build.ts";

/** Puts the descriptors of Envoy's API where xds-control-plane/proto reads them: `node tools/envoy-protos.ts FILE`. */
const target = process.argv[2];
if (target === undefined) throw new Error("usage: node tools/envoy-protos.ts FILE");
const { manifests } = await tools("envoy-protos", (line) => process.stderr.write(`${line}\n`));
mkdirSync(dirname(target), { recursive: true });
copyFileSync(join(manifests, "envoy.binpb"), target);

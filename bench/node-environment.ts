import { join } from "node:path";
import { cacheRoot } from "#e2e/tools/cache.ts";

/** What a program of ours is measured with: what Node compiled before is kept, as it is in the image (images/nephele). */
export const nodeEnvironment = { ...process.env, NODE_COMPILE_CACHE: join(cacheRoot(), "bench", "compiled") };

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJson } from "../cluster/files.ts";
import { isAlive, type ProcessRecord } from "../cluster/process-records.ts";
import { cacheRoot } from "../tools/cache.ts";
import { withLock } from "../tools/lock.ts";

/**
 * The folder in which containerd keeps its images, outside the checkout and kept between runs: what was imported once need
 * not be again. Only one containerd may use it at a time, so a second cluster gets a second one. `user` is the process
 * with whose end the folder is free again.
 */
export async function takeStore(user: Pick<ProcessRecord, "pid" | "startTicks">): Promise<string> {
  const folder = join(cacheRoot(), "node");
  return await withLock(`stores ${folder}`, async () => {
    for (let number = 1; ; number++) {
      const store = join(folder, `containerd-${number}`);
      const note = `${store}.user.json`;
      const owner = readJson<Pick<ProcessRecord, "pid" | "startTicks">>(note);
      if (owner !== undefined && isAlive(owner)) continue;
      mkdirSync(store, { recursive: true, mode: 0o711 });
      writeJson(note, { pid: user.pid, startTicks: user.startTicks });
      return store;
    }
  });
}

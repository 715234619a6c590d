import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { readJson, writeJson } from "./files.ts";

/** Below the ports that the kernel hands out for outgoing connections (ip_local_port_range starts at 32768). */
const firstPort = 20_000;
const lastPort = 32_767;

/** The ports of one cluster, by the name of what listens. A name keeps its port as long as the state folder lives. */
export interface Ports {
  /** The port of that name: the remembered one, else a free one on loopback. */
  take(name: string): Promise<number>;
}

/** Ports remembered in `<stateDir>/ports.json`. Only one program at a time may start a cluster, see up.ts. */
export function openPorts(stateDir: string): Ports {
  const path = join(stateDir, "ports.json");
  const taken = new Map(Object.entries(readJson<Record<string, number>>(path) ?? {}));
  return {
    take: async (name) => {
      const known = taken.get(name);
      if (known !== undefined) return known;
      const port = await freePort(new Set(taken.values()));
      // Somebody else may have asked for the same name, or been given the same port, while we looked.
      const meanwhile = taken.get(name);
      if (meanwhile !== undefined) return meanwhile;
      taken.set(name, port);
      writeJson(path, Object.fromEntries(taken));
      return port;
    },
  };
}

/** Ports that a search under way has chosen and that its caller has not noted yet. */
const claimed = new Set<number>();

/** A port on loopback that nobody listens on, and that was not given out before by this process. */
export async function freePort(used: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    if (used.has(port) || claimed.has(port)) continue;
    claimed.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${firstPort} and ${lastPort} on 127.0.0.1 was found in 1,000 tries`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ port, host: "127.0.0.1", exclusive: true });
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

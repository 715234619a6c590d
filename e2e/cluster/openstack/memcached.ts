import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { unpackedPackages } from "../../tools/debian-packages.ts";
import type { ProcessSpec } from "../processes.ts";
import type { OpenStackContext } from "./context.ts";

interface Memcached {
  readonly command: string;
  /** Folders of libraries that the machine itself lacks. */
  readonly libraries: readonly string[];
}

/** memcached from PATH; else Debian's packages, downloaded and unpacked into the cache without installing anything. */
async function ensureMemcached(): Promise<Memcached> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/sbin"];
  const onPath = folders.map((folder) => join(folder, "memcached")).find((path) => existsSync(path));
  if (onPath !== undefined) return { command: onPath, libraries: [] };
  const folder = await unpackedPackages("memcached", packageSets);
  const lib = join(folder, "usr", "lib");
  const libraries = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : [];
  return { command: join(folder, "usr", "bin", "memcached"), libraries };
}

/** The packages of Debian 12, and of 13 where the time_t transition renamed one. */
const packageSets = [
  ["memcached", "libevent-2.1-7", "libsasl2-2"],
  ["memcached", "libevent-2.1-7t64", "libsasl2-2"],
];

export async function memcachedProcess(context: OpenStackContext): Promise<ProcessSpec> {
  const { command, libraries } = await ensureMemcached();
  const asRoot = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  return {
    name: "memcached",
    command,
    args: [
      "-l",
      "127.0.0.1",
      "-p",
      String(context.servicePorts.memcached),
      "-U",
      "0",
      "-m",
      "64",
      "-c",
      "256",
      ...asRoot,
    ],
    ...(libraries.length === 0 ? {} : { env: { LD_LIBRARY_PATH: libraries.join(delimiter) } }),
  };
}

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, sep } from "node:path";

/** The folder of everything that is dear to make and may be deleted at any time: NEPHELE_CACHE, else the user's cache. */
export function cacheRoot(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env["NEPHELE_CACHE"];
  if (own) return own;
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "nephele");
}

/**
 * The key of what is built from a folder: 16 hexadecimal digits over the names and contents of all its files and over
 * what else decides the result (compiler, flags). Equal keys mean an equal result.
 */
export function contentKey(folder: string, decisive: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (text: string | Buffer): void => {
    hash.update(`${text.length}:`);
    hash.update(text);
  };
  for (const text of decisive) add(text);
  for (const path of filesOf(folder)) {
    add(path);
    add(readFileSync(join(folder, path)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** The files below a folder, by their path with slashes, sorted, so that every machine sees the same list. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

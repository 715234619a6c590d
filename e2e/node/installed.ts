import { join } from "node:path";
import { readJson, writeJson } from "../cluster/files.ts";

interface Installed {
  readonly content: string;
  readonly found: string;
}

/**
 * Installs something on the cluster of a state folder, but not again where the same content was installed before and is
 * still found as it was then: tests ask for it one after another, and each time takes a while.
 *
 * @param content a key of all that is installed
 * @param find what tells whether anybody has changed it since
 */
export async function installOnce(
  { stateDir, name, content }: { readonly stateDir: string; readonly name: string; readonly content: string },
  find: () => Promise<string>,
  install: () => Promise<void>,
): Promise<void> {
  const note = join(stateDir, `installed-${name}.json`);
  const before = readJson<Installed>(note);
  if (before?.content === content && before.found === (await find())) return;
  await install();
  writeJson(note, { content, found: await find() } satisfies Installed);
}

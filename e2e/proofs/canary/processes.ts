import { readdirSync, readFileSync } from "node:fs";
import { nothing, type Searched, searchBytes, together } from "./files.ts";
import type { Searcher } from "./search.ts";

/** Searches arguments and environment of processes and of all that they started: what `ps` and /proc show to others. */
export function searchProcesses(search: Searcher, roots: readonly number[]): Searched {
  const parents = readParents();
  const parts = withDescendants(roots, parents).flatMap((pid) =>
    ["cmdline", "environ"].map((file) => {
      try {
        return searchBytes(search, `/proc/${pid}/${file}`, readFileSync(`/proc/${pid}/${file}`));
      } catch {
        // It ended meanwhile.
        return nothing;
      }
    }),
  );
  return together(parts);
}

/** The processes and all below them, each once. */
export function withDescendants(roots: readonly number[], parents: ReadonlyMap<number, number>): readonly number[] {
  const found = new Set(roots);
  for (let grew = true; grew; ) {
    const before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
    grew = found.size > before;
  }
  return [...found];
}

/** Each process's parent, from /proc/<pid>/stat (proc(5), field 4). */
function readParents(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  return parents;
}

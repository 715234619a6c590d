import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Hit, Searcher } from "./search.ts";

/** Files are read in pieces of this size. */
const PIECE = 8 * 1024 * 1024;
/** Pieces overlap by this much, so that nothing is cut in two: far more than any form of a canary is long. */
const OVERLAP = 1024 * 1024;
/** Disks of guests have gigabytes of these, and what is nothing but zeros need not be looked at in many forms. */
const ZEROS = Buffer.alloc(PIECE + OVERLAP);

/** What was found, and in which file, process or object. */
export interface Finding extends Hit {
  readonly place: string;
}

/** Everything that was looked at, so that a search of nothing is not taken for a good result. */
export interface Searched {
  readonly places: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

export const nothing: Searched = { places: 0, bytes: 0, findings: [] };

export function together(parts: readonly Searched[]): Searched {
  return {
    places: parts.reduce((sum, { places }) => sum + places, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    findings: parts.flatMap(({ findings }) => findings),
  };
}

export function searchBytes(search: Searcher, place: string, bytes: Buffer): Searched {
  return { places: 1, bytes: bytes.length, findings: search(bytes).map((hit) => ({ place, ...hit })) };
}

/** A file or folder that went between two looks at it. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ESTALE"]);

/**
 * Searches a file, raw, or all files below a folder. Links and sockets are left out; a file that goes meanwhile too. With
 * `since` only what changed from then on, by the inode's own time, which no program sets.
 */
export function searchPath(search: Searcher, path: string, since = new Date(0)): Searched {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return nothing;
  try {
    if (entry.isFile()) return entry.ctimeMs < since.getTime() ? nothing : searchFile(search, path);
    if (!entry.isDirectory()) return nothing;
    const inside = readdirSync(path, { withFileTypes: true }).filter((child) => child.isFile() || child.isDirectory());
    return together(inside.map(({ name }) => searchPath(search, join(path, name), since)));
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? "")) return nothing;
    throw error;
  }
}

function searchFile(search: Searcher, path: string): Searched {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const findings = new Map<string, Finding>();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE + OVERLAP, size));
    for (let from = 0; from < size; from += PIECE) {
      const piece = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from));
      if (piece.equals(ZEROS.subarray(0, piece.length))) continue;
      for (const hit of search(piece)) {
        findings.set(`${hit.canary} ${hit.form}`, { place: path, ...hit });
      }
    }
    return { places: 1, bytes: size, findings: [...findings.values()] };
  } finally {
    closeSync(file);
  }
}

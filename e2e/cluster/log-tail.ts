import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How much of a log's end is looked at, in bytes. */
const windowBytes = 64 * 1024;

/** The last lines of a text file, each indented by two blanks; a word of explanation when there are none. */
export function tailOf(path: string, lines: number): string {
  let text: string;
  try {
    text = readEnd(path);
  } catch {
    return "  (the log cannot be read)";
  }
  const last = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-lines);
  return last.length === 0 ? "  (the log is empty)" : last.map((line) => `  ${line}`).join("\n");
}

function readEnd(path: string): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, windowBytes));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8");
  } finally {
    closeSync(file);
  }
}

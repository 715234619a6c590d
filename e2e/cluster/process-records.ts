import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJson } from "./files.ts";

/** What it takes to start a process. Everything is kept in the state folder, so no argument or variable may be secret. */
export interface ProcessSpec {
  /** Unique within a cluster; also the name of its log file. */
  readonly name: string;
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  /** Added to PATH, HOME, LANG and TMPDIR, which is all that is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Both outputs are appended here. Without it: `<logsDir>/<name>.log`. */
  readonly logFile?: string;
  /** The user and group to run as; only root may set them. */
  readonly uid?: number;
  readonly gid?: number;
  /** Names of processes that must outlive this one when the cluster stops. */
  readonly dependsOn?: readonly string[];
  /** The signal that asks it to stop; SIGTERM where nothing is said (PostgreSQL: SIGINT is its fast shutdown). */
  readonly stopSignal?: NodeJS.Signals;
}

/** A process that was started, as the state folder remembers it. */
export interface ProcessRecord extends ProcessSpec {
  readonly logFile: string;
  readonly pid: number;
  /** The kernel's start time of the process in clock ticks since boot: tells it from a later one with the same pid. */
  readonly startTicks: string;
}

/** The records of one state folder, in the order of their start. */
export interface ProcessRecords {
  all(): readonly ProcessRecord[];
  find(name: string): ProcessRecord | undefined;
  /** Replaces the record of that name. */
  put(record: ProcessRecord): void;
  remove(name: string): void;
}

/** Records in `<stateDir>/processes.json`. They are read anew each time: tests stop and start processes too. */
export function processRecords(stateDir: string): ProcessRecords {
  const path = join(stateDir, "processes.json");
  const all = (): readonly ProcessRecord[] => readJson<readonly ProcessRecord[]>(path) ?? [];
  const without = (name: string): readonly ProcessRecord[] => all().filter((record) => record.name !== name);
  return {
    all,
    find: (name) => all().find((record) => record.name === name),
    put: (record) => writeJson(path, [...without(record.name), record]),
    remove: (name) => writeJson(path, without(name)),
  };
}

/**
 * The start time of a process in clock ticks since boot, from /proc/<pid>/stat (proc(5), field 22). Undefined when there
 * is no such process, or only its remains (a zombie).
 */
export function startTicksOf(pid: number): string | undefined {
  try {
    return parseStartTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Picks the start time out of a line of /proc/<pid>/stat; undefined for a zombie. One that still has other threads is
 * none yet: they hold its port. The name may hold spaces and brackets.
 */
export function parseStartTicks(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const threads = Number(fields[17]);
  return fields[0] === "Z" && threads <= 1 ? undefined : fields[19];
}

/** Whether the process of a record still runs. */
export function isAlive(record: Pick<ProcessRecord, "pid" | "startTicks">): boolean {
  return startTicksOf(record.pid) === record.startTicks;
}

/**
 * The order in which to stop processes: each wave may stop at once, and nothing stops before what depends on it has.
 * A dependency that is not in the list is ignored; a circle ends up in one last wave.
 */
export function stopWaves(
  records: readonly Pick<ProcessRecord, "name" | "dependsOn">[],
): readonly (readonly string[])[] {
  const waves: string[][] = [];
  let left = [...records];
  while (left.length > 0) {
    const needed = new Set(left.flatMap((record) => record.dependsOn ?? []));
    const free = left.filter((record) => !needed.has(record.name));
    const wave = free.length > 0 ? free : left;
    waves.push(wave.map((record) => record.name));
    left = left.filter((record) => !wave.includes(record));
  }
  return waves;
}

import { createReadStream, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const WRITES: readonly string[] = ["create", "update", "patch", "delete", "deletecollection"];

/** Writes by user agent, as the API server counted them in its audit log and in what was rotated away from it. */
export async function writesByUserAgent(auditLog: string): Promise<ReadonlyMap<string, number>> {
  const stem = basename(auditLog, ".log");
  const files = readdirSync(dirname(auditLog)).filter((name) => name.startsWith(stem) && name.endsWith(".log"));
  const writes = new Map<string, number>();
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(dirname(auditLog), file)) })) {
      const agent = writerOf(line);
      if (agent !== undefined) writes.set(agent, (writes.get(agent) ?? 0) + 1);
    }
  }
  return writes;
}

/** The user agent of a completed write in a line of the audit log (audit.k8s.io/v1 Event); undefined for all else. */
export function writerOf(line: string): string | undefined {
  const event = JSON.parse(line) as { readonly verb?: string; readonly stage?: string; readonly userAgent?: string };
  return event.stage === "ResponseComplete" && WRITES.includes(event.verb ?? "") ? event.userAgent : undefined;
}

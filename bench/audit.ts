import { createReadStream, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { AuditEvent } from "#e2e/proofs/audit-log.ts";

const WRITES: readonly string[] = ["create", "update", "patch", "delete", "deletecollection"];

/** A line of the log, with when it was written. */
export type TimedEvent = AuditEvent & { readonly stageTimestamp: string };

/**
 * What programs whose user agent begins with one of these asked of the API server and had answered, by its audit log
 * and by what was rotated away from it.
 */
export async function auditOf(auditLog: string, userAgents: readonly string[]): Promise<readonly TimedEvent[]> {
  const stem = basename(auditLog, ".log");
  const files = readdirSync(dirname(auditLog)).filter((name) => name.startsWith(stem) && name.endsWith(".log"));
  const found: TimedEvent[] = [];
  for (const file of files.sort()) {
    for await (const line of createInterface({ input: createReadStream(join(dirname(auditLog), file)) })) {
      const event = eventOf(line, userAgents);
      if (event !== undefined) found.push(event);
    }
  }
  return found;
}

/** The event of a line (audit.k8s.io/v1), if it is of one of the user agents and complete; without bodies. */
export function eventOf(line: string, userAgents: readonly string[]): TimedEvent | undefined {
  // Most lines are other people's: they are not parsed.
  if (!userAgents.some((agent) => line.includes(`"userAgent":"${agent}`))) return undefined;
  const event = JSON.parse(line) as TimedEvent & {
    readonly requestObject?: unknown;
    readonly responseObject?: unknown;
  };
  if (event.stage !== "ResponseComplete") return undefined;
  const { requestObject: _request, responseObject: _response, ...rest } = event;
  return rest;
}

function isWrite({ verb }: AuditEvent): boolean {
  return WRITES.includes(verb);
}

/** How many writes each user agent made. */
export function writesByUserAgent(events: readonly AuditEvent[]): ReadonlyMap<string, number> {
  const writes = new Map<string, number>();
  for (const event of events) {
    const agent = event.userAgent ?? "";
    if (isWrite(event)) writes.set(agent, (writes.get(agent) ?? 0) + 1);
  }
  return writes;
}

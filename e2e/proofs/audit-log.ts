import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** One line of the API server's audit log (audit.k8s.io/v1 Event), as far as the proofs read it. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly userAgent?: string;
  /** Absent for what is no resource: /readyz, /apis. */
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly requestURI: string;
  /** RFC 3339, in microseconds. */
  readonly requestReceivedTimestamp?: string;
  readonly responseStatus?: { readonly code?: number };
}

/** Where the log ends now: what is read from here on happened later. */
export function auditOffset(path: string): number {
  const file = openSync(path, "r");
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

/** The log's events from an offset in bytes on, in the order of their ends. A last line that is half written is left out. */
export function readAudit(path: string, from = 0): readonly AuditEvent[] {
  const file = openSync(path, "r");
  try {
    const length = Math.max(0, fstatSync(file).size - from);
    const bytes = Buffer.alloc(length);
    return parseAudit(bytes.toString("utf8", 0, readSync(file, bytes, 0, length, from)));
  } finally {
    closeSync(file);
  }
}

/** Each request once, as it was answered. A watch's event comes when it ends. */
export function parseAudit(text: string): readonly AuditEvent[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage }) => stage === "ResponseComplete" || stage === "Panic");
}

/** Who a request counts for: the user that RBAC looked at. */
export function userOf(event: AuditEvent): string {
  return event.impersonatedUser?.username ?? event.user.username;
}

/** An API server that starts looks once whether this is there (registry/scheduling/rest, AddSystemPriorityClasses). */
const ASKED_AT_START = { user: "system:apiserver", resource: "priorityclasses", name: "system-node-critical" };
/** It serves before it has read all roles and bindings, and meanwhile refuses what they allow. */
const UNREAD_MS = 15_000;

/** Leaves out what was refused while an API server had just started: its refusals say nothing about rights yet. */
export function withoutEarlyRefusals(events: readonly AuditEvent[]): readonly AuditEvent[] {
  const { user, resource, name } = ASKED_AT_START;
  const starts = events
    .filter((event) => event.user.username === user && event.verb === "get")
    .filter(({ objectRef }) => objectRef?.resource === resource && objectRef.name === name)
    .map(timeOf);
  const early = (event: AuditEvent): boolean =>
    starts.some((start) => timeOf(event) >= start - UNREAD_MS && timeOf(event) < start + UNREAD_MS);
  return events.filter((event) => event.responseStatus?.code !== 403 || !early(event));
}

function timeOf(event: AuditEvent): number {
  return Date.parse(event.requestReceivedTimestamp ?? "");
}

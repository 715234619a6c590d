import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createLogger } from "#runtime/observe/log.ts";
import { recordPayloadRead } from "./payload-read.ts";

const read = {
  object: "secrets.nephele.dev team-a/db-password",
  purpose: "sync to core Secret db-password",
  projectId: "a1",
  userId: "b2",
  secretId: "c3",
  requestId: "req-d4",
};

test.each(["debug", "info", "warn", "error"])("is on record where the log's level is %s", (level) => {
  const lines: string[] = [];
  const destination = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  const log = createLogger({ level, destination });
  log.child({ controller: "secret" }).debug("not on record but where the level is debug");
  recordPayloadRead(log.child({ controller: "secret" }), read);
  const [record] = lines.slice(-1).map((line) => JSON.parse(line) as object);
  expect(record).toMatchObject({ audit: "payload-read", controller: "secret", ...read });
  expect(lines).toHaveLength(level === "debug" ? 2 : 1);
});

import { expect, test } from "vitest";
import { backedUp, copies, inBucket } from "./backup-fixtures.ts";
import { backupClaim } from "./claims.ts";

test("what backups are kept in has no owner, and no Job is told a password", () => {
  expect(backupClaim(backedUp, "default-backups", "5Gi").metadata).not.toHaveProperty("ownerReferences");
  expect(JSON.stringify(copies())).not.toContain("s3cr3t");
});

test("what puts keys back may not put back PostgreSQL's passwords, which no backup holds", () => {
  const [putsBack] = copies().filter(({ metadata }) => metadata.name.startsWith("default-restore-keys-"));
  expect(JSON.stringify(putsBack)).toContain("default-kek");
  expect(JSON.stringify(putsBack)).not.toContain("default-database");
});

test("a Job that comes to a bucket writes into no volume that stays, and is told where the credentials are, not which", () => {
  for (const copy of copies(inBucket)) {
    const text = JSON.stringify(copy);
    expect(text).not.toContain("persistentVolumeClaim");
    expect(text).toContain('"name":"bucket","items":[{"key":"accessKeyId"');
  }
});

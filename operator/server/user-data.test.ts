import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { mergeUserData } from "./user-data.ts";

function text(parts: Parameters<typeof mergeUserData>[0]): string {
  const merged = mergeUserData(parts);
  if (merged.kind === "refused") throw new Error(merged.problem);
  return merged.bytes.toString();
}

describe("mergeUserData", () => {
  test("asks for nothing where there is nothing, because KubeVirt wants something", () => {
    expect(text({ sshKeys: [] })).toBe("#cloud-config\n{}\n");
    expect(text({ sshKeys: [], user: new Uint8Array() })).toBe("#cloud-config\n{}\n");
  });

  test("puts the script first, the user's data in the middle, the keys last", () => {
    const whole = text({
      user: Buffer.from("#!/bin/sh\n"),
      script: "#!/bin/sh\necho ours\n",
      sshKeys: ["ssh-ed25519 A"],
    });
    const types = [...whole.matchAll(/^Content-Type: ([^;]+)/gm)].map((match) => match[1]);
    expect(types).toEqual(["multipart/mixed", "text/cloud-boothook", "text/x-not-multipart", "text/cloud-config"]);
    expect(whole).toContain(Buffer.from("#!/bin/sh\n").toString("base64"));
  });

  test("keeps a message of the user's as it is, byte by byte", () => {
    const user =
      'Content-Type: multipart/mixed; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n--b\r\n\r\n#!/bin/sh\r\n--b--\r\n';
    expect(text({ user: Buffer.from(user), sshKeys: [] })).toContain(user);
  });

  test("takes another boundary where the user's data has ours", () => {
    const user = "MIME-Version: 1.0\n\n===nephele-0===\n";
    expect(text({ user: Buffer.from(user), sshKeys: [] })).toContain('boundary="===nephele-1==="');
  });

  test("unpacks what is packed, and packs what is large", () => {
    const large = Buffer.from(`#!/bin/sh\n# ${"x".repeat(400_000)}\n`);
    const merged = mergeUserData({ user: gzipSync(large), sshKeys: [] });
    if (merged.kind === "refused") throw new Error(merged.problem);
    expect(merged.bytes.length).toBeLessThan(100_000);
    expect(gunzipSync(merged.bytes).toString()).toContain(large.subarray(0, 57).toString("base64"));
  });

  test("refuses what begins as gzip and is none", () => {
    expect(mergeUserData({ user: Buffer.from([0x1f, 0x8b, 1, 2]), sshKeys: [] }).kind).toBe("refused");
  });

  test("refuses a small file that would become a large one", () => {
    const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20));
    expect(mergeUserData({ user: bomb, sshKeys: [] }).kind).toBe("refused");
  });

  test("the same gives the same bytes, so that nothing is written anew", () => {
    const parts = { user: Buffer.from("#cloud-config\n{}\n"), script: "#!/bin/sh\n", sshKeys: ["ssh-ed25519 A"] };
    expect(text(parts)).toBe(text(parts));
  });
});

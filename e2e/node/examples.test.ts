import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkout } from "../cluster/location.ts";
import { onNode } from "./examples.ts";

const disk = { url: "http://guest-images.guest-images.svc/guest.qcow2", checksum: "sha256:00", size: "128Mi" };
const folder = join(checkout, "examples");

test.each(readdirSync(folder).filter((file) => file.endsWith(".yaml")))(
  "%s differs in an Image's disk alone",
  (file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const [before, after] = [parse(text), parse(onNode(text, disk))] as readonly { kind: string; spec: object }[];
    if (before?.kind !== "Image") {
      expect(onNode(text, disk)).toBe(text);
      return;
    }
    const source = { http: { url: disk.url, checksum: disk.checksum } };
    expect(after).toEqual({ ...before, spec: { ...before.spec, source, minDisk: disk.size } });
  },
);

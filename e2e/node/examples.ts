import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { writeWhole } from "../cluster/files.ts";
import { checkout } from "../cluster/location.ts";

/** A disk that the cluster can reach. */
export interface Disk {
  readonly url: string;
  /** `sha256:…` */
  readonly checksum: string;
  /** A size that it fits into, as a quantity. */
  readonly size: string;
}

/** Where a node's own examples are. */
export function examplesOf(stateDir: string): string {
  return join(stateDir, "examples");
}

/** A manifest; an Image's disk is the one given, since the node does not reach the internet. All else is as it stands. */
export function onNode(manifest: string, disk: Disk): string {
  const document = parseDocument(manifest);
  if (document.get("kind") !== "Image") return manifest;
  document.setIn(["spec", "source", "http"], { url: disk.url, checksum: disk.checksum });
  document.setIn(["spec", "minDisk"], disk.size);
  return document.toString();
}

/** Writes the manifests of examples/ as they work on the node. */
export function writeExamples(stateDir: string, disk: Disk): void {
  const [from, to] = [join(checkout, "examples"), examplesOf(stateDir)];
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith(".yaml")))
    writeWhole(join(to, file), onNode(readFileSync(join(from, file), "utf8"), disk), 0o644);
}

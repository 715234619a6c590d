import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { folderOfClaim } from "#e2e/node/claim-folder.ts";
import type { NodeHandle } from "#e2e/node/handle.ts";

/** The volume with a Cloud's tokens of SoftHSM2's, as the node has it: a token is a folder, and a key a file in it. */
export interface TokensVolume {
  /** A digest for each key in the token of a label, in order; empty where there is no such token. */
  keysIn(label: string): readonly string[];
  /** Takes the token of a label away, all its files together. */
  takeOut(label: string): TokenAway;
  /** Removes what is still away. */
  close(): void;
}

export interface TokenAway {
  putBack(): void;
}

/** How SoftHSM2 calls the file with a token's label; others that end so are of keys. */
const OF_TOKEN = "token.object";
/** PKCS#11 v2.40, CK_TOKEN_INFO: a label is filled up to so many characters. */
const LABEL_LENGTH = 32;

export async function openTokensVolume(node: NodeHandle, cloud: string): Promise<TokensVolume> {
  const folder = await folderOfClaim(node, systemNamespace, `${cloud}-tokens`);
  // Of the same file system, and no pod sees it.
  const aside = `${folder}.aside`;
  mkdirSync(aside, { recursive: true });
  const find = (label: string): string | undefined =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .find((token) => readFileSync(join(token, OF_TOKEN)).includes(label.padEnd(LABEL_LENGTH)));
  return {
    keysIn: (label) => {
      const token = find(label);
      if (token === undefined) return [];
      const files = readdirSync(token).filter((name) => name.endsWith(".object") && name !== OF_TOKEN);
      return files
        .map((name) =>
          createHash("sha256")
            .update(readFileSync(join(token, name)))
            .digest("hex"),
        )
        .sort();
    },
    takeOut: (label) => {
      const token = find(label);
      if (token === undefined) throw new Error(`there is no token ${label} in ${folder}`);
      const away = join(aside, basename(token));
      renameSync(token, away);
      return { putBack: () => renameSync(away, token) };
    },
    close: () => rmSync(aside, { recursive: true, force: true }),
  };
}

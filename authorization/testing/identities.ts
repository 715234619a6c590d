import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpiffeId, spiffeId, trustDomain } from "#spiffe/spiffe-id.ts";
import type { Identity } from "#spiffe/tls/identity.ts";
import { verifySvid } from "#spiffe/x509/verify.ts";
import { type KeyPair, openPki } from "../../e2e/cluster/pki.ts";
import type { ProxyClass } from "../../xds-control-plane/mesh/mesh.ts";

/** An authority of the trust domain mesh.test, and what it gives to names of it. */
export interface TestAuthority {
  issue(name: string): Promise<KeyPair>;
  /** For an Envoy. */
  files(name: string): Promise<NonNullable<ProxyClass["identity"]>>;
  /** For a server of ours. */
  identity(name: string): Promise<Identity>;
  remove(): void;
}

export async function openTestAuthority(): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), "authorization-identity-"));
  const authority = await openPki(join(folder, "ca")).authority("ca", "mesh.test");
  const issue = (name: string) => authority.issue({ commonName: name, uris: [idOf(name)] });
  return {
    issue,
    files: async (name) => {
      const { certificate, key } = await issue(name);
      const files = join(folder, name);
      mkdirSync(files);
      writeFileSync(join(files, "svid.pem"), certificate);
      writeFileSync(join(files, "svid-key.pem"), key);
      writeFileSync(join(files, "bundle.pem"), authority.certificate);
      return { id: idOf(name), source: { kind: "files", folder: files } };
    },
    identity: async (name) => {
      const { certificate, key } = await issue(name);
      const bundles = new Map([[trustDomain("mesh.test"), [new X509Certificate(authority.certificate)]]]);
      return {
        svid: { id: idOf(name), chain: [new X509Certificate(certificate)], key: createPrivateKey(key), hint: "" },
        bundles,
        verify: (shown) => verifySvid(shown, bundles, new Date()),
        onChange: () => () => undefined,
      };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export function idOf(name: string): SpiffeId {
  return spiffeId(`spiffe://mesh.test/ns/${name}/sa/${name}`);
}

import type { RuleCase } from "../../testing/rule-case.ts";
import { deploying } from "./deployed.ts";

/** Services that exist, or are deployed: where they are, and what is of which. */

const URL = "must be an address that begins with http:// or https://, names a host and holds no user or password";
const BOTH = "identity and keyManager are either both external or both deployed";

const identity = (url: string) => ({ spec: { identity: { external: { url } } } });
const keyManager = (url: string) => ({ spec: { keyManager: { external: { url } } } });

export const serviceCases: readonly RuleCase[] = [
  {
    says: "Keystone by another protocol",
    fault: identity("ftp://keystone.example.org"),
    at: "spec.identity.external.url",
    refusedWith: URL,
  },
  {
    says: "Keystone without a host",
    fault: identity("https:///v3"),
    at: "spec.identity.external.url",
    refusedWith: URL,
  },
  {
    says: "a password in Keystone's address",
    fault: identity("https://me:pw@keystone.example.org"),
    at: "spec.identity.external.url",
    refusedWith: URL,
  },
  { says: "Barbican by a path", fault: keyManager("/v1"), at: "spec.keyManager.external.url", refusedWith: URL },
  {
    says: "Barbican by words",
    fault: keyManager("the usual one"),
    at: "spec.keyManager.external.url",
    refusedWith: URL,
  },
  {
    says: "no credentials",
    fault: { spec: { identity: { external: { credentialsSecretRef: null } } } },
    at: "spec.identity.external.credentialsSecretRef",
    refusedWith: "Required value",
  },
  {
    says: "Keystone deployed beside a Barbican that exists",
    fault: { spec: { identity: { external: null }, release: "2026.2" } },
    control: deploying({}),
    at: "spec",
    refusedWith: BOTH,
  },
  {
    says: "services that exist become deployed ones",
    before: {},
    fault: deploying({}),
    at: "spec",
    refusedWith: "a Cloud that is deployed cannot become external, nor the other way round: make another Cloud",
  },
  {
    says: "no release of deployed services",
    fault: deploying({ release: null }),
    control: deploying({}),
    at: "spec",
    refusedWith: "release is needed where the services are deployed",
  },
  {
    says: "a release of services that exist",
    fault: { spec: { release: "2026.2" } },
    at: "spec",
    refusedWith: "release, database and cache are of services that are deployed, and these are external",
  },
  {
    says: "a contraction of services that exist",
    fault: { spec: { contract: "Manual" } },
    at: "spec",
    refusedWith: "contract is of services that are deployed, and these are external",
  },
  {
    says: "passwords of services that exist",
    fault: { spec: { passwords: {} } },
    at: "spec",
    refusedWith: "passwords are of services that are deployed, and these are external",
  },
  {
    says: "replicas of a Keystone that exists",
    fault: { spec: { identity: { replicas: 2 } } },
    at: "spec.identity",
    refusedWith: "replicas, tokens and keys are of a Keystone that is deployed, and this one is external",
  },
  {
    says: "stores of a Barbican that exists",
    fault: { spec: { keyManager: { stores: [{ name: "software", type: "SimpleCrypto" }] } } },
    at: "spec.keyManager",
    refusedWith: "replicas and stores are of a Barbican that is deployed, and this one is external",
  },
  {
    says: "credential keys of a Keystone that exists",
    fault: { spec: { identity: { credentialKeys: {} } } },
    at: "spec.identity",
    refusedWith: "credentialKeys are of a Keystone that is deployed, and this one is external",
  },
  {
    says: "a key-encryption key of a Barbican that exists",
    fault: { spec: { keyManager: { kek: {} } } },
    at: "spec.keyManager",
    refusedWith: "kek is of a Barbican that is deployed, and this one is external",
  },
];

import type { RuleTable } from "../testing/rule-case.ts";
import { backupCases } from "./cloud/backup.ts";
import { databaseCases } from "./cloud/database.ts";
import { gatewayCases } from "./cloud/gateway.ts";
import { keyCases } from "./cloud/keys.ts";
import { serviceCases } from "./cloud/services.ts";
import { storeCases } from "./cloud/stores.ts";

const NAME = "metadata.name must be a DNS label of at most 40 characters that begins with a letter";
const SOURCE =
  "must be http://, https:// or docker://, a host in lower case (or *. and a domain), and a path that ends with a slash: https://images.example.org/";
const sources = (...beginnings: readonly string[]) => ({ spec: { images: { sources: beginnings } } });

export const cloudRules: RuleTable = {
  kind: "Cloud",
  plural: "clouds",
  base: {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "rule" },
    spec: {
      identity: { external: { url: "https://keystone.example.org/v3", credentialsSecretRef: { name: "admin" } } },
      keyManager: { external: { url: "http://127.0.0.1:9311" } },
      protected: false,
    },
  },
  cases: [
    { says: "a name of 65 characters", fault: { metadata: { name: "a".repeat(65) } }, at: "", refusedWith: NAME },
    {
      says: "a name of 41 characters",
      fault: { metadata: { name: "a".repeat(41) } },
      control: { metadata: { name: "a".repeat(40) } },
      at: "",
      refusedWith: NAME,
    },
    { says: "a name that begins with a digit", fault: { metadata: { name: "1-cloud" } }, at: "", refusedWith: NAME },
    ...[
      { says: "a source of Images without a slash at its end", source: "https://images.example.org" },
      { says: "a source of Images by another protocol", source: "ftp://images.example.org/" },
      { says: "a password in a source of Images", source: "https://me:pw@images.example.org/" },
      { says: "a star within a source of Images", source: "https://images.*.example.org/" },
    ].map(({ says, source }) => ({
      says,
      fault: sources(source),
      control: sources("https://images.example.org:8443/debian/", "http://*.example.org/", "docker://[fd00::1]/"),
      at: "spec.images.sources[0]",
      refusedWith: SOURCE,
    })),
    {
      says: "the region is changed",
      before: { spec: { region: "RegionOne" } },
      fault: { spec: { region: "RegionTwo" } },
      at: "spec.region",
      refusedWith: "region cannot be changed: the catalog's endpoints are found by it",
    },
    ...serviceCases,
    ...keyCases,
    ...databaseCases,
    ...gatewayCases,
    ...backupCases,
    ...storeCases,
  ],
};

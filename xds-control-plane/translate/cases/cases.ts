import type { Case } from "./fixtures.ts";
import { filters, filtersOfRulesAlone } from "./http-filters.ts";
import { actions, matches } from "./http-rules.ts";
import { sidecars } from "./sidecar.ts";
import { type Certificate, passthrough, publicTls } from "./tls.ts";

/** What each feature is translated into. Certificates, and the folder of an identity's files, are the test's. */
export function cases(certificate: Certificate, folder: string): readonly Case[] {
  return [matches, actions, filters, filtersOfRulesAlone, ...sidecars(folder), passthrough, publicTls(certificate)];
}

import { merge } from "../../testing/rule-case.ts";

/** The base's services, deployed. */
const deployed = { identity: { external: null }, keyManager: { external: null }, release: "2026.2" };

/** A deployed Cloud with more in its spec. */
export const deploying = (spec: Readonly<Record<string, unknown>>) => ({ spec: merge(deployed, spec) });

/** Databases of both kinds. */
export const bundled = { bundled: { instances: 1, storage: "1Gi" } };
export const outside = { external: { host: "db.example.org", adminSecretRef: { name: "pg" } } };

/** Refusals that more than one part of the spec has. */
export const DURATION = (from: string, to: string): string =>
  `must be a duration from ${from} to ${to}, in hours, minutes and seconds`;
export const NO_SIZE = "must be a quantity greater than zero, such as 10Gi";

import type { ServiceResponse } from "../request.ts";
import { listIn, objectIn, optionalTextIn, ShapeError, textIn } from "../shape.ts";

/** A token as Keystone issued it. */
export interface IssuedToken {
  readonly value: string;
  /** How long it was valid when it was issued, in milliseconds. Not a time of day: the clocks may differ. */
  readonly lifetimeMs: number;
  readonly userId: string;
  /** The names of the roles in its scope; none for an unscoped token. */
  readonly roles: readonly string[];
  readonly catalog: readonly Endpoint[];
}

/** One entry of the service catalog. */
export interface Endpoint {
  readonly serviceType: string;
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

/** Reads the answer to POST /v3/auth/tokens (Identity API v3, "Authentication and token management"). */
export function parseToken(response: ServiceResponse): IssuedToken {
  const value = response.headers["x-subject-token"];
  if (typeof value !== "string" || value === "") throw new ShapeError("the answer has no X-Subject-Token");
  const token = objectIn(response.json(), "token");
  const lifetimeMs = Date.parse(textIn(token, "expires_at")) - Date.parse(textIn(token, "issued_at"));
  if (!Number.isFinite(lifetimeMs)) throw new ShapeError("the answer's expires_at or issued_at is not a time");
  return {
    value,
    lifetimeMs,
    userId: textIn(objectIn(token, "user"), "id"),
    roles: token["roles"] === undefined ? [] : listIn(token, "roles").map((role) => textIn(role, "name")),
    catalog: token["catalog"] === undefined ? [] : listIn(token, "catalog").flatMap(parseService),
  };
}

function parseService(service: unknown): readonly Endpoint[] {
  return listIn(service, "endpoints").map((endpoint) => ({
    serviceType: textIn(service, "type"),
    interface: textIn(endpoint, "interface"),
    region: optionalTextIn(endpoint, "region_id") ?? "",
    url: textIn(endpoint, "url"),
  }));
}

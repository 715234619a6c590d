import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { Json } from "../../snapshot/resource.ts";
import { any } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";
import { caller } from "./rbac.ts";

const messages = {
  http: "envoy.extensions.filters.http.rbac.v3.RBAC",
  tcp: "envoy.extensions.filters.network.rbac.v3.RBAC",
} as const;

/** Identities that are let in nowhere. Its content is the mesh's: see {@link denyList}. */
export const denied: HttpFilter = {
  name: "denied",
  discovered: "proxy",
  listener: () => ({ message: messages.http, fields: {} }),
};

/** The deny list as a filter of its own for all listeners of a proxy. */
export function denyList(ids: ReadonlySet<SpiffeId>, of: "http" | "tcp"): Json {
  const policies = {
    "denied-identities": { permissions: [{ any: true }], principals: [...ids].sort().map(caller) },
  };
  const fields = {
    ...(ids.size === 0 ? {} : { rules: { action: "DENY", policies } }),
    ...(of === "tcp" ? { statPrefix: "denied" } : {}),
  };
  return { name: of === "http" ? "denied" : "denied-tcp", typedConfig: any(messages[of], fields) };
}

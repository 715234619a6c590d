import type { HttpFilter } from "../http-filters.ts";
import { rbac } from "./rbac.ts";

const message = "envoy.extensions.filters.http.rbac.v3.RBAC";

/** Who may call what. */
export const access: HttpFilter = {
  name: "access",
  discovered: "chain",
  listener: (policies) => ({ message, fields: rbac(policies.access, "http") }),
  rule: ({ access: own }) =>
    own === undefined
      ? undefined
      : { message: "envoy.extensions.filters.http.rbac.v3.RBACPerRoute", fields: { rbac: rbac(own, "http") } },
};

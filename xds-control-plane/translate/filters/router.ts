import type { HttpFilter } from "../http-filters.ts";

/** Sends requests on; always the last. */
export const router: HttpFilter = {
  name: "router",
  listener: () => ({
    message: "envoy.extensions.filters.http.router.v3.Router",
    // Services and callers are not told of Envoy's inner times and tries.
    fields: { suppressEnvoyHeaders: true },
  }),
};

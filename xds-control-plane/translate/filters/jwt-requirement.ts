import type { HttpFilter } from "../http-filters.ts";
import { formatOfRoute } from "../route-metadata.ts";

/** Where the check of tokens finds what is asked of a request. */
export const requirementState = "nephele.dev/jwt-requirement";

/**
 * Tells the check of tokens which of its requirements is the route's. A route could also name it to that filter itself; but then,
 * where both change, a request that finds the one without the other would be refused, whatever token it has.
 */
export const jwtRequirement: HttpFilter = {
  name: "jwt-requirement",
  listener: ({ jwt }) =>
    jwt && {
      message: "envoy.extensions.filters.http.set_filter_state.v3.Config",
      fields: {
        onRequestHeaders: [
          {
            objectKey: requirementState,
            factoryKey: "envoy.string",
            formatString: {
              textFormatSource: { inlineString: formatOfRoute("jwtRequirement") },
              omitEmptyValues: true,
            },
            skipIfEmpty: true,
          },
        ],
      },
    },
};

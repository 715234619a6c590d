import type { HttpFilter } from "../http-filters.ts";

const message = "envoy.extensions.filters.http.buffer.v3.Buffer";

/** Requests up to a size. */
export const bodyLimit: HttpFilter = {
  name: "body-limit",
  listener: ({ bodyLimit: limit }) => limit && { message, fields: { maxRequestBytes: limit.maxBytes } },
  rule: ({ bodyLimit: limit }) =>
    limit && {
      message: "envoy.extensions.filters.http.buffer.v3.BufferPerRoute",
      fields: { buffer: { maxRequestBytes: limit.maxBytes } },
    },
  // Its size says nothing while it is switched off, but Envoy wants one.
  idle: { message, fields: { maxRequestBytes: 1 } },
};

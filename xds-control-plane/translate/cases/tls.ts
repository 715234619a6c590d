import { type Case, caseOf, chain, proxy, rule, service, to } from "./fixtures.ts";

export interface Certificate {
  /** PEM. */
  readonly chain: string;
  readonly key: string;
}

export const passthrough = caseOf(
  "tcp-and-passthrough",
  proxy([
    {
      kind: "tcp",
      tls: { kind: "none" },
      serverNames: ["a.example.test", "*.b.example.test"],
      backends: [to("web", 3), to("api", 1)],
      access: { enforced: "everyone" },
    },
    {
      kind: "tcp",
      tls: { kind: "none" },
      serverNames: ["nowhere.example.test"],
      backends: [to(undefined)],
      access: { enforced: "everyone" },
    },
  ]),
  [service("web", { protocol: "tcp" }), service("api", { protocol: "tcp" })],
);

/** TLS ended with a public certificate, and begun anew to a service outside of the mesh. */
export function publicTls(certificate: Certificate): Case {
  const terminated = proxy(
    [
      chain([{ hostname: "*", rules: [rule("all")] }], {
        tls: { kind: "terminate", certificates: ["public"] },
        serverNames: ["example.test"],
      }),
      chain([{ hostname: "*", rules: [rule("all")] }], { tls: { kind: "terminate", certificates: ["public"] } }),
    ],
    {
      certificates: [
        { name: "public", ...certificate },
        { name: "not-used", ...certificate },
      ],
    },
  );
  const external = service("web", {
    tls: {
      kind: "tls",
      hostname: "outside.test",
      authorities: certificate.chain,
      names: [
        { kind: "dns", value: "inside.test" },
        { kind: "uri", value: "spiffe://other.test/x" },
      ],
    },
  });
  return caseOf("public-tls", terminated, [external]);
}

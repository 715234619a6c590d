import { type SpiffeId, trustDomainId } from "#spiffe/spiffe-id.ts";
import type { IdentitySource, ListenerTls, ProxyClass } from "../mesh/mesh.ts";
import type { Service } from "../mesh/service.ts";
import type { Json } from "../snapshot/resource.ts";
import { ads, any, defined } from "./envoy.ts";

/** Between workloads of the mesh there is nothing older. Envoy's clients stop at 1.2 unless told. */
const meshVersions = { tlsMinimumProtocolVersion: "TLSv1_3", tlsMaximumProtocolVersion: "TLSv1_3" } as const;
const publicVersions = { tlsMinimumProtocolVersion: "TLSv1_2", tlsMaximumProtocolVersion: "TLSv1_3" } as const;
const http = ["h2", "http/1.1"];

/** The names under which files' certificates are given to a proxy: resources that hold paths, and no key. */
const fileSecrets = { certificate: "svid", authorities: "bundle" } as const;

/** The transport socket of a listener's chain; undefined for clear text. */
export function downstreamTls(tls: ListenerTls, proxy: ProxyClass, kind: "http" | "tcp"): Json | undefined {
  const alpnProtocols = kind === "http" ? http : undefined;
  switch (tls.kind) {
    case "none":
      return undefined;
    case "mesh": {
      const trusted = { sanType: "URI", matcher: { prefix: `${trustDomainId(identityOf(proxy).id)}/` } };
      return socket("DownstreamTlsContext", {
        requireClientCertificate: true,
        commonTlsContext: defined({ ...ownIdentity(proxy, [trusted]), tlsParams: meshVersions, alpnProtocols }),
      });
    }
    case "terminate":
      return socket("DownstreamTlsContext", {
        commonTlsContext: defined({
          tlsCertificateSdsSecretConfigs: tls.certificates.map((name) => ({
            name: certificateSecret(name),
            sdsConfig: ads,
          })),
          tlsParams: publicVersions,
          alpnProtocols,
        }),
      });
  }
}

/** The transport socket of a cluster; undefined for clear text. `denied` may not be met at the other end. */
export function upstreamTls(service: Service, proxy: ProxyClass, denied: ReadonlySet<SpiffeId>): Json | undefined {
  const { tls } = service;
  const alpnProtocols = { tcp: undefined, http1: ["http/1.1"], http2: ["h2"] }[service.protocol];
  switch (tls.kind) {
    case "none":
      return undefined;
    case "mesh": {
      const names = tls.identities.filter((id) => !denied.has(id));
      const matchers = names.map((exact) => ({ sanType: "URI", matcher: { exact } }));
      return socket("UpstreamTlsContext", {
        commonTlsContext: defined({ ...ownIdentity(proxy, matchers), tlsParams: meshVersions, alpnProtocols }),
      });
    }
    case "tls": {
      const names = tls.names ?? [{ kind: "dns" as const, value: tls.hostname }];
      const trustedCa =
        tls.authorities === undefined
          ? { filename: "/etc/ssl/certs/ca-certificates.crt" }
          : { inlineString: tls.authorities };
      return socket("UpstreamTlsContext", {
        sni: tls.hostname,
        commonTlsContext: defined({
          validationContext: {
            trustedCa,
            matchTypedSubjectAltNames: names.map(({ kind, value }) => ({
              sanType: kind === "dns" ? "DNS" : "URI",
              matcher: { exact: value },
            })),
          },
          tlsParams: publicVersions,
          alpnProtocols,
        }),
      });
    }
  }
}

/** The Secrets that a proxy is served: public certificates with their keys, and paths of files. Never an SVID. */
export function secrets(proxy: ProxyClass): readonly Json[] {
  const used = new Set(
    proxy.listeners.flatMap(({ chains }) =>
      chains.flatMap(({ tls }) => (tls.kind === "terminate" ? tls.certificates : [])),
    ),
  );
  const certificates = proxy.certificates
    .filter(({ name }) => used.has(name))
    .map(({ name, chain, key }) => ({
      name: certificateSecret(name),
      tlsCertificate: { certificateChain: { inlineString: chain }, privateKey: { inlineString: key } },
    }));
  const source = proxy.identity?.source;
  if (source?.kind !== "files") return certificates;
  const file = (name: string): Json => ({ filename: `${source.folder}/${name}` });
  const watchedDirectory = { path: source.folder };
  return [
    ...certificates,
    {
      name: fileSecrets.certificate,
      tlsCertificate: { certificateChain: file("svid.pem"), privateKey: file("svid-key.pem"), watchedDirectory },
    },
    { name: fileSecrets.authorities, validationContext: { trustedCa: file("bundle.pem"), watchedDirectory } },
  ];
}

function certificateSecret(name: string): string {
  return `certificate/${name}`;
}

/** Our own certificate, and whom we trust: the trust domain's authorities, for one of these names. */
function ownIdentity(proxy: ProxyClass, matchTypedSubjectAltNames: readonly Json[]): Json {
  const { id, source } = identityOf(proxy);
  const [certificate, authorities] =
    source.kind === "agent"
      ? [agentSecret(id, source), agentSecret(trustDomainId(id), source)]
      : [
          { name: fileSecrets.certificate, sdsConfig: ads },
          { name: fileSecrets.authorities, sdsConfig: ads },
        ];
  return {
    tlsCertificateSdsSecretConfigs: [certificate],
    combinedValidationContext: {
      defaultValidationContext: { matchTypedSubjectAltNames },
      validationContextSdsSecretConfig: authorities,
    },
  };
}

/** The agent speaks State-of-the-World only, and answers an Envoy that came before its entry with a refusal: ask again soon. */
function agentSecret(name: string, source: IdentitySource & { readonly kind: "agent" }): Json {
  return {
    name,
    sdsConfig: {
      resourceApiVersion: "V3",
      // Wait for the certificate, however long it takes: without it there is nothing to serve.
      initialFetchTimeout: "0s",
      apiConfigSource: {
        apiType: "GRPC",
        transportApiVersion: "V3",
        setNodeOnFirstMessageOnly: true,
        grpcServices: [
          {
            envoyGrpc: {
              clusterName: source.cluster,
              retryPolicy: { retryBackOff: { baseInterval: "0.2s", maxInterval: "2s" } },
            },
          },
        ],
      },
    },
  };
}

function identityOf(proxy: ProxyClass): NonNullable<ProxyClass["identity"]> {
  if (proxy.identity === undefined) throw new Error(`proxy "${proxy.name}" needs an identity for mutual TLS`);
  return proxy.identity;
}

function socket(context: "DownstreamTlsContext" | "UpstreamTlsContext", fields: Json): Json {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: any(`envoy.extensions.transport_sockets.tls.v3.${context}`, fields),
  };
}

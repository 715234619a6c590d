import type { SpiffeId, TrustDomain } from "#spiffe/spiffe-id.ts";
import { gatewayAccount } from "../cluster-view/gateway-proxies.ts";
import { identityOf } from "../cluster-view/mesh-services.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { type Admit, Refusal, spiffeIdOf } from "../server/client.ts";

/**
 * Who a class of proxies is: what the mesh says, else what the name does: for a Gateway's, the ServiceAccount that is named
 * after the Gateway, beside it; for sidecars, their ServiceAccount.
 * Undefined for a name that is no class's. The view need not be filled for it, so nobody is admitted by coming early.
 */
export function proxyIdentity(name: string, mesh: Mesh | undefined, domain: TrustDomain): SpiffeId | undefined {
  const own = mesh?.proxies.get(name)?.identity?.id;
  if (own !== undefined) return own;
  const [, kind, namespace, called] = /^(gateway|workload)\/([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(name) ?? [];
  if (namespace === undefined || called === undefined) return undefined;
  return identityOf(domain, namespace, kind === "gateway" ? gatewayAccount(called) : called);
}

/** Admits a client to the class that its node's id says, if its SVID is that class's. */
export function admitBySvid(domain: TrustDomain, mesh: () => Mesh | undefined): Admit {
  return (client) => {
    const refusal = refusalOf(spiffeIdOf(client), client.node.id, mesh(), domain);
    if (refusal !== undefined) throw new Refusal(refusal);
    return client.node.id;
  };
}

/** Why somebody may not be a proxy of a class; undefined where it may. */
export function refusalOf(
  peer: string | undefined,
  name: string,
  mesh: Mesh | undefined,
  domain: TrustDomain,
): string | undefined {
  if (peer === undefined) return "a proxy has to show its SVID here";
  const expected = proxyIdentity(name, mesh, domain);
  if (expected === undefined || peer !== expected) return `${peer} may not be a proxy of "${name}"`;
  return mesh?.denied.has(expected) === true ? `${peer} is denied` : undefined;
}

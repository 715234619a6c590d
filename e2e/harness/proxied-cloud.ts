import { letOperatorRead, openStack } from "#e2e/clients/operator-clients.ts";
import { openStackManifests } from "#e2e/cluster/openstack/manifests.ts";
import { FaultProxy } from "#e2e/faults/proxy.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { type Bed, unique } from "./bed.ts";
import { untilGone, untilReady } from "./conditions.ts";

/** A Cloud of a test's own, whose Keystone and Barbican are reached through proxies for faults. */
export interface ProxiedCloud {
  readonly ref: { readonly namespace: string; readonly name: string };
  readonly keystone: FaultProxy;
  readonly barbican: FaultProxy;
  /** Deletes the Cloud; its Projects must be gone. */
  close(): Promise<void>;
}

/** A login for a token changes nothing. */
const isLogin = (_method: string, path: string): boolean => path.endsWith("/auth/tokens");

export async function openProxiedCloud(bed: Bed): Promise<ProxiedCloud> {
  const handle = openStack();
  const keystone = new FaultProxy({ target: new URL(handle.identityUrl).origin, uncounted: isLogin });
  const barbican = new FaultProxy({ target: handle.keyManagerUrl });
  const [identityOrigin, keyManagerUrl] = await Promise.all([keystone.start(), barbican.start()]);
  const identityUrl = `${identityOrigin}/v3`;
  const ref = { namespace: "nephele-system", name: unique("proxied") };
  const [login, cloud] = openStackManifests({ ...handle, identityUrl, keyManagerUrl });
  if (login === undefined || cloud === undefined) throw new Error("there is no login and no Cloud to begin with");
  const { external } = (cloud["spec"] as { readonly identity: { readonly external: object } }).identity;
  const identity = { external: { ...external, credentialsSecretRef: { name: ref.name } } };
  const spec = { ...(cloud["spec"] as object), identity, protected: false };
  const secret = await bed.kube.apply(coreSecrets, { ...login, metadata: ref }, { fieldOwner: "test" });
  await letOperatorRead(bed.kube, secret);
  await bed.kube.apply(clouds, { ...cloud, metadata: ref, spec }, { fieldOwner: "test" });
  await untilReady(bed.kube, clouds, ref);
  return {
    ref,
    keystone,
    barbican,
    close: async () => {
      await bed.kube.delete(clouds, ref);
      await untilGone(bed.kube, clouds, ref);
      await bed.kube.delete(coreSecrets, ref);
      await Promise.all([keystone.stop(), barbican.stop()]);
    },
  };
}

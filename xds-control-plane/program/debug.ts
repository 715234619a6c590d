import { type ServingHttp, serveHttp } from "#runtime/manager/serve-http.ts";
import { problemsOf } from "../mesh/check.ts";
import type { Mesh, ProxyClass } from "../mesh/mesh.ts";
import { servicesOf } from "../mesh/used-services.ts";
import { kinds } from "../proto/kinds.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { translate } from "../translate/translate.ts";
import type { Rejections } from "./rejections.ts";

export interface DebugOptions {
  /** An address of this machine alone: whoever reaches it sees every class's configuration, without its keys. */
  readonly host: string;
  readonly port: number;
  /** Undefined before the view is filled. */
  readonly mesh: () => Mesh | undefined;
  readonly snapshots: SnapshotStore;
  readonly rejections: Rejections;
}

const help = "there is /debug/proxies, and /debug/proxies/<class> for one of them\n";

/**
 * Serves what the control plane thinks, for people: `/debug/proxies`, all classes of proxies; `/debug/proxies/<class>`, one with
 * its part of the mesh, Envoy's resources made of it, and what is served. No key is among it.
 */
export function serveDebug(options: DebugOptions): Promise<ServingHttp> {
  return serveHttp(options, (request, response) => {
    const [, name] = /^\/debug\/proxies(?:\/(.+))?$/.exec(request.url ?? "") ?? [undefined, ""];
    const found = name === "" ? undefined : name === undefined ? summary(options) : details(name, options);
    if (found === undefined) response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(help);
    else response.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify(found, null, 2)}\n`);
  });
}

function summary({ mesh: current, snapshots, rejections }: DebugOptions): object {
  const mesh = current();
  return {
    denied: [...(mesh?.denied ?? [])],
    proxies: [...(mesh?.proxies.values() ?? [])].map((proxy) => ({
      name: proxy.name,
      identity: proxy.identity?.id,
      isServed: snapshots.current(proxy.name) !== undefined,
      rejected: rejections.of(proxy.name),
    })),
  };
}

function details(name: string, { mesh: current, snapshots, rejections }: DebugOptions): object | undefined {
  const mesh = current();
  const proxy = mesh?.proxies.get(name);
  if (mesh === undefined || proxy === undefined) return undefined;
  const findings = problemsOf(mesh, proxy);
  const snapshot = snapshots.current(name);
  return {
    proxy: withoutKeys(proxy),
    services: [...servicesOf(proxy)].map((service) => mesh.services.get(service) ?? { name: service, isMissing: true }),
    findings,
    resources: findings.length > 0 ? undefined : withoutSecrets(mesh, proxy),
    served:
      snapshot &&
      Object.fromEntries(
        kinds.map((kind) => [
          kind,
          Object.fromEntries([...snapshot.view(kind).resources.values()].map((each) => [each.name, each.version])),
        ]),
      ),
    rejected: rejections.of(name),
  };
}

function withoutKeys(proxy: ProxyClass): object {
  return { ...proxy, certificates: proxy.certificates.map(({ name, chain }) => ({ name, chain })) };
}

function withoutSecrets(mesh: Mesh, proxy: ProxyClass): object {
  const { secret, ...rest } = translate(mesh, proxy);
  return { ...rest, secret: secret.map(({ name }) => ({ name })) };
}

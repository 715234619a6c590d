import { writeFileSync } from "node:fs";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import type { NodeHandle } from "#e2e/node/handle.ts";
import { services } from "#operator/api/foreign.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

/** Puts a file in the place of /etc/hosts, in a mount namespace of its own, and becomes what follows. */
const WITH_HOSTS = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
/** The Services of a Cloud that the operator asks. */
const ASKED = ["keystone", "keystone-preview", "barbican", "barbican-preview"] as const;

/**
 * An operator outside of the cluster asks a Cloud's services by their names there. It finds those names in an /etc/hosts of
 * its own, which leads to one address of loopback, where proxies listen; and they find by the name where a request is to go.
 */
export class Ways {
  readonly #kube: KubeClient;
  readonly #node: NodeHandle;
  readonly #hostsFile: string;
  readonly #open = new Map<string, Promise<{ readonly port: number; close(): void }>>();
  /** Where proxies listen: of this run alone, since they listen at the services' own ports. */
  readonly address = `127.77.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`;

  constructor(kube: KubeClient, node: NodeHandle, hostsFile: string) {
    this.#kube = kube;
    this.#node = node;
    this.#hostsFile = hostsFile;
    this.names([]);
  }

  /** What an operator is started through. */
  get through(): readonly string[] {
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", WITH_HOSTS, "sh", this.#hostsFile];
  }

  /** Leads the names of these Clouds' services to the proxies, also for an operator that runs. */
  names(clouds: readonly string[]): void {
    const lines = clouds.flatMap((cloud) =>
      ASKED.map((service) => `${this.address} ${cloud}-${service}.${systemNamespace}.svc`),
    );
    // In place: what is mounted is this very file.
    writeFileSync(this.#hostsFile, `${["127.0.0.1 localhost", ...lines].join("\n")}\n`);
  }

  /** Where a Service is reached from this machine. @param host `NAME.NAMESPACE.svc:PORT`. Throws where it is not there. */
  readonly to = async (host: string): Promise<string> => {
    const [, name = "", namespace = "", port] = /^([^.]+)\.([^.]+)\.svc:(\d+)$/.exec(host) ?? [];
    const service = await this.#kube.get(services, { namespace, name });
    const target = `${service?.spec?.clusterIP}:${port}`;
    if (service === undefined) throw new Error(`there is no Service for ${host}`);
    const way = this.#open.get(target) ?? this.#node.reach(target);
    this.#open.set(target, way);
    return `http://127.0.0.1:${(await way).port}`;
  };

  async close(): Promise<void> {
    for (const way of this.#open.values()) (await way).close();
  }
}

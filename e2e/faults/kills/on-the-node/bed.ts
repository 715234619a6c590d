import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { apply } from "#e2e/cluster/kubectl.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { applyNepheleObjects, systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { operatorAccount } from "#e2e/cluster/operator.ts";
import { openPki } from "#e2e/cluster/pki.ts";
import { serviceAccountCertificate } from "#e2e/cluster/service-account.ts";
import { openBed } from "#e2e/harness/bed.ts";
import { startOperator } from "#e2e/harness/operator-process.ts";
import { downNode } from "#e2e/node/down.ts";
import { openNode } from "#e2e/node/handle.ts";
import { upNode } from "#e2e/node/up.ts";
import { BARBICAN_PORT, KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import { images } from "../../../../images/build.ts";
import { FaultProxy } from "../../proxy.ts";
import { writeAnonymousKubeconfig } from "../control-plane.ts";
import { type LifeBed, lifeNames, PREFIX } from "../life-bed.ts";
import { proxiedOperator, START_MS } from "../proxied-operator.ts";
import { isUncounted, services } from "../services.ts";
import { Contents } from "../world/contents.ts";
import { kubernetesTold } from "../world/kubernetes.ts";
import { worldOf } from "../world/world.ts";
import { cloudTold, type Services, servicesOf } from "./told.ts";
import { Ways } from "./ways.ts";

/** What is deployed beside Keystone and Barbican. */
const BUNDLED = ["postgresql", "memcached"];

/** A node of its own, without the chart's operator: one runs beside it, as the chart's account, behind proxies. */
export interface NodeKillBed extends LifeBed {
  /** The services of a life's Cloud, past the proxies. Close its clients. */
  services(life: string): Promise<Services>;
  close(): Promise<void>;
}

/** @param releases of Keystone and Barbican that there are images of on the node */
export async function openNodeKillBed(
  releases: readonly string[],
  logFile: string,
  print: (line: string) => void,
): Promise<NodeKillBed> {
  const stateDir = mkdtempSync(join(tmpdir(), "nephele-kills-"));
  const location = { stateDir, logsDir: join(stateDir, "logs") };
  const closing: (() => Promise<unknown>)[] = [() => downNode(location)];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const { serverUrl } = await upNode(location, print);
    const node = await openNode(stateDir);
    const names = releases.flatMap((release) => [`keystone:${release}`, `barbican:${release}`]);
    await node.importImages(await images([...names, ...BUNDLED], print));
    await node.run("create", "namespace", systemNamespace);
    await applyNepheleObjects(node.run);
    await apply(node.run, join(checkout, "charts", "nephele", "rbac"));

    const bed = await openBed(stateDir);
    closing.push(() => bed.close());
    const { kube } = bed;
    const ways = new Ways(kube, node, join(stateDir, "hosts"));
    closing.push(() => ways.close());
    const authority = await openPki(join(stateDir, "pki")).authority("ca", "nephele-local");
    const { certificate: cert, key } = await serviceAccountCertificate(authority, operatorAccount);
    const asOperator = new Agent({
      connect: { ca: authority.certificate, cert, key },
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    closing.push(() => asOperator.destroy());
    const at = (port: number) => ({ listen: { host: ways.address, port }, target: ways.to });
    const proxies = {
      kubernetes: new FaultProxy({
        target: serverUrl,
        dispatcher: asOperator,
        uncounted: isUncounted("kubernetes"),
      }),
      keystone: new FaultProxy({ ...at(KEYSTONE_PORT), uncounted: isUncounted("keystone") }),
      barbican: new FaultProxy({ ...at(BARBICAN_PORT), uncounted: isUncounted("barbican") }),
    };
    closing.push(() => Promise.all(services.map((service) => proxies[service].stop())));
    const kubeconfig = join(stateDir, "proxied.kubeconfig");
    writeAnonymousKubeconfig(kubeconfig, await proxies.kubernetes.start());
    await proxies.keystone.start();
    await proxies.barbican.start();

    const operator = proxiedOperator(proxies, () => {
      const args = ["--installation-id", "kills", "--identity", "kills", "--health-address", "127.0.0.1:0"];
      return startOperator({ kubeconfig, logFile, args, through: ways.through, withinMs: START_MS });
    });
    closing.push(() => operator.kill());
    await operator.start();

    const nextName = lifeNames();
    const lives: string[] = [];
    const contents = new Contents();
    return {
      ...operator,
      kube,
      nextLife: () => {
        const life = nextName();
        lives.push(life);
        ways.names(lives);
        return life;
      },
      services: (life) => servicesOf(kube, ways, life),
      quiet: () => operator.idle(),
      remember: (life, phase) => contents.remember(kube, life, phase),
      world: async (life) => {
        const told = await Promise.all([kubernetesTold(kube, PREFIX), cloudTold(kube, node, ways, life)]);
        return worldOf([contents.told(life), ...told.flat()], new Map([[life, "LIFE"]]));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

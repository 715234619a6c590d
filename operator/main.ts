import { Manager } from "#runtime/manager/manager.ts";
import { runProgram } from "#runtime/manager/program.ts";
import type { SpireAddress, SpireServer } from "./clients/spire/spire-server.ts";
import { controllers } from "./controllers.ts";
import { type Flags, parseFlags } from "./flags.ts";

const VERSION = "0.1.0";
const LEASE = "nephele-operator";

/** Loaded where it is used: gRPC takes 0.3 s and 60 MB. */
async function openSpire(address: SpireAddress, stop: AbortSignal): Promise<SpireServer> {
  const { SpireServer } = await import("./clients/spire/spire-server.ts");
  return new SpireServer(address, stop);
}

process.exitCode = await runProgram<Flags>(
  {
    name: "the operator",
    flagsOf: parseFlags,
    work: async (flags, { connection, log }, stop) => {
      const { installationId, namespace, platform, gateways, consoleOrigin } = flags;
      const spire = flags.spire === undefined ? undefined : await openSpire(flags.spire, stop);
      const manager = new Manager({
        connection,
        userAgent: `nephele-operator/${VERSION}`,
        identity: flags.identity,
        log,
        processMetrics: true,
        controllers: (kube) =>
          controllers({ kube, installationId, namespace, log, platform, spire, gateways, consoleOrigin }),
        ...(flags.controllers === undefined ? {} : { only: flags.controllers }),
        ...(flags.leaderElect ? { leaderElection: { namespace, name: LEASE } } : {}),
        ...(flags.health === undefined ? {} : { health: flags.health }),
        ...(flags.resyncMs === undefined ? {} : { resyncMs: flags.resyncMs }),
      });
      await manager.run(stop);
    },
  },
  process.argv.slice(2),
);

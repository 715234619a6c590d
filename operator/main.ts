import { Manager } from "#runtime/manager/manager.ts";
import { runProgram } from "#runtime/manager/program.ts";
import { controllers } from "./controllers.ts";
import { type Flags, parseFlags } from "./flags.ts";

const VERSION = "0.1.0";
const LEASE = "nephele-operator";

process.exitCode = await runProgram<Flags>(
  {
    name: "the operator",
    flagsOf: parseFlags,
    work: async (flags, { connection, log }, stop) => {
      const { installationId, namespace, platform } = flags;
      const manager = new Manager({
        connection,
        userAgent: `nephele-operator/${VERSION}`,
        identity: flags.identity,
        log,
        processMetrics: true,
        controllers: (kube) => controllers({ kube, installationId, namespace, log, platform }),
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

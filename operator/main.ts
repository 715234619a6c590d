import { connect } from "#runtime/client/connection.ts";
import { Manager } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { controllers } from "./controllers.ts";
import { type Flags, parseFlags, UsageError } from "./flags.ts";

const VERSION = "0.1.0";
const LEASE = "nephele-operator";

/** Runs the operator until SIGTERM or SIGINT. Gives the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  let flags: Flags;
  try {
    flags = parseFlags(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
  const log = createLogger({ level: flags.logLevel });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  const connection = await connect(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig });
  try {
    const manager = new Manager({
      connection,
      userAgent: `nephele-operator/${VERSION}`,
      identity: flags.identity,
      log,
      processMetrics: true,
      controllers: (kube) =>
        controllers({
          kube,
          installationId: flags.installationId,
          namespace: flags.namespace,
          log,
          platform: flags.platform,
        }),
      ...(flags.controllers === undefined ? {} : { only: flags.controllers }),
      ...(flags.leaderElect ? { leaderElection: { namespace: flags.namespace, name: LEASE } } : {}),
      ...(flags.health === undefined ? {} : { health: flags.health }),
      ...(flags.resyncMs === undefined ? {} : { resyncMs: flags.resyncMs }),
    });
    await manager.run(stop.signal);
    return 0;
  } catch (error) {
    log.error({ err: error }, "the operator ends");
    return 1;
  } finally {
    await connection.close();
  }
}

process.exitCode = await main(process.argv.slice(2));

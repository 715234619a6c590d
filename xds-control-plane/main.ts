import { connect } from "#runtime/client/connection.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { type Flags, parseFlags, UsageError } from "./program/flags.ts";
import { startProgram } from "./program/program.ts";

/** Runs the control plane until SIGTERM or SIGINT. Gives the exit code. */
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
    const { listen, health } = flags;
    const { ended } = await startProgram({ connection, log, listen, health }, stop.signal);
    await ended;
    return 0;
  } catch (error) {
    log.error({ err: error }, "the control plane ends");
    return 1;
  } finally {
    await connection.close();
  }
}

process.exitCode = await main(process.argv.slice(2));

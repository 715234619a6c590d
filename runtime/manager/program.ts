import { type Connection, connect } from "../client/connection.ts";
import { createLogger, type Logger } from "../observe/log.ts";
import { UsageError } from "./flags.ts";

/** What is told to a program that speaks with no cluster. */
interface Standalone {
  readonly log: Logger;
}

/** What is told to one that does. */
interface InCluster extends Standalone {
  readonly connection: Connection;
}

export interface Program<Flags, Environment = InCluster> {
  /** In the log: "the operator". */
  readonly name: string;
  /** @throws UsageError whose message is shown to the person who called the program */
  readonly flagsOf: (argv: readonly string[]) => Flags;
  /** Works until the signal ends it. */
  readonly work: (flags: Flags, environment: Environment, stop: AbortSignal) => Promise<void>;
}

/** Runs a program with a connection to its cluster until SIGTERM or SIGINT. Gives the exit code. */
export function runProgram<Flags extends { readonly kubeconfig: string | undefined; readonly logLevel: string }>(
  program: Program<Flags>,
  argv: readonly string[],
): Promise<number> {
  const work: Program<Flags, Standalone>["work"] = async (flags, { log }, stop) => {
    const connection = await connect(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig });
    try {
      await program.work(flags, { connection, log }, stop);
    } finally {
      await connection.close();
    }
  };
  return runStandalone({ ...program, work }, argv);
}

/** Runs a program that speaks with no cluster until SIGTERM or SIGINT. Gives the exit code. */
export async function runStandalone<Flags extends { readonly logLevel: string }>(
  { name, flagsOf, work }: Program<Flags, Standalone>,
  argv: readonly string[],
): Promise<number> {
  let flags: Flags;
  try {
    flags = flagsOf(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
  const log = createLogger({ level: flags.logLevel });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    await work(flags, { log }, stop.signal);
    return 0;
  } catch (error) {
    log.error({ err: error }, `${name} ends`);
    return 1;
  }
}

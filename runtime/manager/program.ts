import { type Connection, connect } from "../client/connection.ts";
import { createLogger, type Logger } from "../observe/log.ts";
import { UsageError } from "./flags.ts";

export interface Program<Flags> {
  /** In the log: "the operator". */
  readonly name: string;
  /** @throws UsageError whose message is shown to the person who called the program */
  readonly flagsOf: (argv: readonly string[]) => Flags;
  /** Works until the signal ends it. */
  readonly work: (
    flags: Flags,
    environment: { readonly connection: Connection; readonly log: Logger },
    stop: AbortSignal,
  ) => Promise<void>;
}

/** Runs a program with a connection to its cluster until SIGTERM or SIGINT. Gives the exit code. */
export async function runProgram<Flags extends { readonly kubeconfig: string | undefined; readonly logLevel: string }>(
  { name, flagsOf, work }: Program<Flags>,
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
  const connection = await connect(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig });
  try {
    await work(flags, { connection, log }, stop.signal);
    return 0;
  } catch (error) {
    log.error({ err: error }, `${name} ends`);
    return 1;
  } finally {
    await connection.close();
  }
}

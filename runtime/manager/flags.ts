import { type ParseArgsConfig, parseArgs } from "node:util";

/** A wrong command line, with what would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options of every program. */
export const standaloneOptions = {
  "log-level": { type: "string", default: "info" },
  help: { type: "boolean", short: "h" },
} as const;

/** Options of every program that speaks with a cluster. */
export const commonOptions = { kubeconfig: { type: "string" }, ...standaloneOptions } as const;

/** A line for each of {@link commonOptions}, for a program's help. */
export const commonHelp = {
  kubeconfig: "--kubeconfig FILE        default: KUBECONFIG, ~/.kube/config, or the pod's service account",
  logLevel: "--log-level LEVEL        debug, info, warn, error (default info)",
};

const LEVELS = ["debug", "info", "warn", "error"];

/**
 * The values of a command line, with a log level that there is.
 * @param help the program's, shown where it is asked for and where the command line is wrong
 * @throws UsageError whose message is to be shown as it is
 */
export function readFlags<const O extends typeof standaloneOptions & NonNullable<ParseArgsConfig["options"]>>(
  argv: readonly string[],
  options: O,
  help: string,
) {
  const values = parsed(argv, options, help);
  const { help: wanted, "log-level": level } = values as { readonly help?: boolean; readonly "log-level": string };
  if (wanted === true) throw new UsageError(help);
  if (!LEVELS.includes(level)) throw new UsageError(`--log-level must be one of ${LEVELS.join(", ")}`);
  return values;
}

function parsed<const O extends NonNullable<ParseArgsConfig["options"]>>(
  argv: readonly string[],
  options: O,
  help: string,
) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  }
}

/** "127.0.0.1:8080" in its parts; undefined where it is something else. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match?.[1] === undefined || port > 65_535 ? undefined : { host: match[1], port };
}

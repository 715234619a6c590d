import { runProgram } from "#runtime/manager/program.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { startProgram } from "./program.ts";

process.exitCode = await runProgram<Flags>(
  {
    name: "the console proxy",
    flagsOf: parseFlags,
    work: async ({ listen, health, allowedOrigins }, { connection, log }, stop) => {
      const { ended } = await startProgram({ connection, log, listen, health, allowedOrigins }, stop);
      await ended;
    },
  },
  process.argv.slice(2),
);

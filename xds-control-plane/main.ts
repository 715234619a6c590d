import { runProgram } from "#runtime/manager/program.ts";
import { type Flags, parseFlags } from "./program/flags.ts";
import { startProgram } from "./program/program.ts";

process.exitCode = await runProgram<Flags>(
  {
    name: "the control plane",
    flagsOf: parseFlags,
    work: async ({ listen, health }, { connection, log }, stop) => {
      const { ended } = await startProgram({ connection, log, listen, health }, stop);
      await ended;
    },
  },
  process.argv.slice(2),
);

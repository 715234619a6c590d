import { runProgram } from "#runtime/manager/program.ts";
import { X509Source } from "#spiffe/x509-source.ts";
import { type Flags, parseFlags } from "./program/flags.ts";
import { startProgram } from "./program/program.ts";

process.exitCode = await runProgram<Flags>(
  {
    name: "the control plane",
    flagsOf: parseFlags,
    work: async ({ listen, health, debug, gateways, workloadApi }, { connection, log }, stop) => {
      const onProblem = ({ message }: Error): void => log.warn({ problem: message }, "no new SVID");
      const identity =
        workloadApi === undefined ? undefined : await X509Source.open({ address: workloadApi, onProblem }, stop);
      try {
        const { ended } = await startProgram({ connection, log, listen, health, debug, gateways, identity }, stop);
        await ended;
      } finally {
        identity?.close();
      }
    },
  },
  process.argv.slice(2),
);

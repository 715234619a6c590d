import { runStandalone } from "#runtime/manager/program.ts";
import { X509Source } from "#spiffe/x509-source.ts";
import { type Flags, parseFlags } from "./program/flags.ts";
import { startProgram } from "./program/program.ts";

process.exitCode = await runStandalone<Flags>(
  {
    name: "authorization",
    flagsOf: parseFlags,
    work: async ({ bundle, listen, health }, { log }, stop) => {
      const onProblem = ({ message }: Error): void => log.warn({ problem: message }, "no new SVID");
      const identity =
        listen.kind === "unix" ? undefined : await X509Source.open({ address: listen.workloadApi, onProblem }, stop);
      try {
        const { ended } = await startProgram({ bundle, listen, health, log, identity }, stop);
        await ended;
      } finally {
        identity?.close();
      }
    },
  },
  process.argv.slice(2),
);

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { connect } from "#runtime/client/connection.ts";
import { Manager } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { sampleController } from "./controller.ts";

/**
 * The controller as a process of its own. Says on standard output, a word a line: `ready` when its caches are filled,
 * `seen` when it has looked at as many objects as --expect says, `collected` after the garbage collection that SIGUSR2
 * asks for. Logs go to standard error.
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    "user-agent": { type: "string", default: "bench" },
    workers: { type: "string", default: "1" },
    expect: { type: "string", default: "0" },
  },
});

const say = (word: string): void => void process.stdout.write(`${word}\n`);
const expect = Number(values.expect);
const looked = new Set<string>();
let counting = expect > 0;

function look(key: string): void {
  if (!counting) return;
  looked.add(key);
  if (looked.size < expect) return;
  counting = false;
  looked.clear();
  say("seen");
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
process.on("SIGUSR2", () => void collect());

/** Gives all that is not used back to the system. */
async function collect(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await globalThis.gc?.({ execution: "async", type: "major", flavor: "last-resort" });
    await delay(100);
  }
  say("collected");
}

const connection = await connect(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig });
try {
  const manager = new Manager({
    connection,
    userAgent: values["user-agent"],
    identity: "bench",
    log: createLogger({ level: "info", destination: pino.destination({ fd: 2, sync: false }) }),
    controllers: () => [sampleController(Number(values.workers), look)],
  });
  const running = manager.run(stop.signal);
  await manager.informers.synced(stop.signal);
  say("ready");
  await running;
} finally {
  await connection.close();
}

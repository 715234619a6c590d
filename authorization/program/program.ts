import type { Server } from "@grpc/grpc-js";
import { type HealthOptions, serveHealth } from "#runtime/manager/health.ts";
import type { ServingHttp } from "#runtime/manager/serve-http.ts";
import { auditLogger, type Logger } from "#runtime/observe/log.ts";
import { oneOf } from "#spiffe/authorize.ts";
import { type Identity, identityProblem } from "#spiffe/tls/identity.ts";
import { archiveLimits } from "../bundle/bundle.ts";
import { followFile } from "../bundle/follow-file.ts";
import { decide } from "../check/decide.ts";
import { authorizationServer } from "../check/service.ts";
import { Policies } from "../policy/policies.ts";
import { type Door, openSecuredDoor, openSocket } from "./door.ts";
import type { Flags } from "./flags.ts";
import { createAuthorizationMetrics } from "./metrics.ts";

export interface ProgramOptions extends Pick<Flags, "bundle" | "listen" | "health"> {
  readonly log: Logger;
  /** Our own, where we listen by mutual TLS. It is the caller's to close. */
  readonly identity: Identity | undefined;
  /** How long between two looks at the bundle, milliseconds. */
  readonly lookEveryMs?: number;
}

export interface RunningProgram {
  /** 0 of a socket. */
  readonly port: number;
  readonly healthPort: number;
  /** Resolves when all has ended after the signal. */
  readonly ended: Promise<void>;
}

/** Decisions that are under way get so long at the end, milliseconds. */
const graceMs = 2_000;

/**
 * Follows the bundle and decides by it for who may ask. Replicas need nothing of each other.
 *
 * @throws Error when an address cannot be had; nothing runs then.
 */
export async function startProgram(options: ProgramOptions, signal: AbortSignal): Promise<RunningProgram> {
  const { log, listen, identity } = options;
  const metrics = createAuthorizationMetrics();
  const policies = new Policies(log, (why) => {
    metrics.threadsEnded.inc();
    log.warn({ why }, "a thread of the policy ended");
  });
  const deciding = {
    policy: () => policies.current,
    record: auditLogger(log),
    observe: (outcome: string, seconds: number): void => {
      metrics.decisions.inc({ outcome });
      metrics.decisionSeconds.observe(seconds);
    },
  };
  const server = authorizationServer(
    (request) => decide(deciding, request),
    (error) => log.error({ err: error }, "a decision failed"),
  );
  const { door, health } = await listenAt(server, options, () => metrics.connectionsRefused.inc(), {
    ...options.health,
    metrics,
    notReady: () => policies.notReady ?? (identity && identityProblem(identity)),
    remark: () => policies.problem && `the newest bundle is refused: ${policies.problem}`,
    beforeMetrics: () => {
      metrics.waiting.set(policies.current?.pool.waiting ?? 0);
      metrics.bundleRefused.set(policies.problem === undefined ? 0 : 1);
      metrics.bundleInfo.reset();
      if (policies.current !== undefined) metrics.bundleInfo.set({ revision: policies.current.revision }, 1);
    },
  });
  const following = followFile(
    {
      path: options.bundle,
      limitBytes: archiveLimits.packedBytes,
      ...(options.lookEveryMs === undefined ? {} : { everyMs: options.lookEveryMs }),
      onContent: (content) => policies.offer(content),
      onProblem: (problem) => policies.refuse(problem),
    },
    signal,
  );
  log.info({ listen, port: door.port, healthPort: health.port }, "serving");
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })).then(
    async () => {
      door.close();
      await shutDown(server);
      await following;
      await Promise.all([policies.close(), health.close()]);
    },
  );
  return { port: door.port, healthPort: health.port, ended };
}

/** Opens both addresses, or none: one that was left open would keep a process alive that decides nothing. */
async function listenAt(
  server: Server,
  options: ProgramOptions,
  onRefused: () => void,
  healthOptions: HealthOptions,
): Promise<{ readonly door: Door; readonly health: ServingHttp }> {
  let door: Door | undefined;
  try {
    door = await open(server, options, onRefused);
    return { door, health: await serveHealth(healthOptions) };
  } catch (error) {
    door?.close();
    server.forceShutdown();
    throw error;
  }
}

/** Opens what proxies connect to. */
function open(server: Server, { listen, identity, log }: ProgramOptions, onRefused: () => void): Promise<Door> {
  if (listen.kind === "unix") return openSocket(server, listen.path);
  if (identity === undefined) throw new Error("mutual TLS needs an identity");
  return openSecuredDoor(server, {
    host: listen.host,
    port: listen.port,
    identity,
    authorize: oneOf(listen.callers),
    onRefused: ({ address, reason }) => {
      onRefused();
      log.warn({ address, reason: reason.message }, "a connection was refused");
    },
    onProblem: (problem) => log.error({ err: problem }, "a renewed SVID could not be taken over"),
  });
}

async function shutDown(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cut = setTimeout(() => server.forceShutdown(), graceMs);
  server.tryShutdown(() => resolve());
  await promise;
  clearTimeout(cut);
}

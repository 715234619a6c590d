import { createHash } from "node:crypto";
import { createApi } from "./api.ts";
import { type BarbicanClient, createBarbicanClient } from "./barbican/client.ts";
import { createProjectQuotas, type ProjectQuotas } from "./barbican/quotas.ts";
import { readStoreStates, type StoreStates } from "./barbican/store-states.ts";
import type { Call } from "./call.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Connection, connect } from "./http.ts";
import { createKeystoneClient, type KeystoneClient } from "./keystone/client.ts";
import { createRoleCache } from "./keystone/roles.ts";
import type { DialPeer } from "./own-identity.ts";
import type { RequestObservation } from "./request.ts";
import {
  type ApplicationCredentialLogin,
  type CredentialIdentity,
  credentialLogin,
  type RobotLogin,
  type RobotSession,
  robotLogin,
} from "./robot-session.ts";
import { type Credentials, createLogin } from "./token/login.ts";
import { createLru } from "./token/lru.ts";

/** Where a cloud's services are and who we are there. */
export interface CloudSettings {
  /** Keystone's address, with or without `/v3`. */
  readonly identityUrl: string;
  /** Barbican's address, with or without `/v1`. */
  readonly keyManagerUrl: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** PEM certificates that are trusted instead of the system's. */
  readonly ca?: string;
  /** Who has to answer at addresses of https, by SPIFFE ID, where they are asked with our own identity. */
  readonly peers?: { readonly identity: string; readonly keyManager: string };
  /** The project in which our user is an administrator; Barbican wants that for quotas. `service` in `Default`. */
  readonly administrationProject?: { readonly name: string; readonly domain: string };
}

export interface ClientHooks {
  /** Hears of each attempt at a request, for metrics. */
  readonly onRequest?: (observation: RequestObservation) => void;
  readonly clock?: Clock;
  /** How those are connected to of whom settings say who they are; without it they are not asked. */
  readonly dial?: DialPeer;
}

/** The clients of one cloud. They are cheap: make them anew for each piece of work. */
export interface CloudClients {
  readonly region: string;
  /** Keystone with a system-scoped token. */
  keystone(call?: Call): KeystoneClient;
  /** What one project sees, with a token of that project alone. Its calls throw ScopeRefused where there is no token. */
  project(projectId: string, call?: Call): { readonly barbican: BarbicanClient };
  /** Barbican's quotas, with the token of an administrator; nothing else of Barbican is ever done with that. */
  quotas(call?: Call): ProjectQuotas;
  /** How the stores in PKCS#11 tokens are of a Barbican that we deployed. */
  storeStates(call?: Call): Promise<StoreStates>;
  robotLogin(robot: RobotLogin, call?: Call): Promise<RobotSession>;
  credentialLogin(credential: ApplicationCredentialLogin, call?: Call): Promise<CredentialIdentity>;
  /** Lets what is under way end, then closes the connections. */
  close(): Promise<void>;
}

const serviceProject = { name: "service", domain: "Default" };

export function createCloudClients(settings: CloudSettings, hooks: ClientHooks = {}): CloudClients {
  const { clock = systemClock } = hooks;
  const { peers } = settings;
  const identity = connectTo("keystone", settings.identityUrl, /\/v3\/?$/, peers?.identity, settings, hooks);
  const keyManager = connectTo("barbican", settings.keyManagerUrl, /\/v1\/?$/, peers?.keyManager, settings, hooks);
  const login = createLogin(identity, clock, settings.credentials);
  const roles = createRoleCache(clock);
  const administration = { kind: "projectNamed", ...(settings.administrationProject ?? serviceProject) } as const;
  return {
    region: settings.region,
    keystone: (call) => {
      const token = login.scoped({ kind: "system" });
      return createKeystoneClient(createApi(identity, token, call), roles, () => token.current(call?.signal));
    },
    project: (id, call) => ({
      barbican: createBarbicanClient(createApi(keyManager, login.scoped({ kind: "project", id }), call)),
    }),
    quotas: (call) => createProjectQuotas(createApi(keyManager, login.scoped(administration), call)),
    storeStates: (call) => readStoreStates(keyManager, call),
    robotLogin: (robot, call) => robotLogin(identity, robot, call),
    credentialLogin: (credential, call) => credentialLogin(identity, credential, call),
    close: async () => {
      await Promise.all([identity.close(), keyManager.close()]);
    },
  };
}

/**
 * The clients of several clouds, each made once for as long as its settings and credentials stay the same. Those that
 * were not asked for longest make room for others. They are not closed then: a pass may still have them, and a
 * connection that is idle ends by itself.
 */
export interface CloudClientsCache {
  get(settings: CloudSettings): CloudClients;
}

const keptClouds = 16;

export function createCloudClientsCache(hooks: ClientHooks = {}): CloudClientsCache {
  const kept = createLru<string, CloudClients>(keptClouds);
  return { get: (settings) => kept.getOrMake(keyOf(settings), () => createCloudClients(settings, hooks)) };
}

/** A key that does not hold the password. */
function keyOf(settings: CloudSettings): string {
  const { identityUrl, keyManagerUrl, region, credentials, ca, peers, administrationProject } = settings;
  const parts = [identityUrl, keyManagerUrl, region, credentials, ca, peers, administrationProject];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function connectTo(
  service: "keystone" | "barbican",
  url: string,
  version: RegExp,
  peer: string | undefined,
  { ca }: CloudSettings,
  { onRequest, clock, dial }: ClientHooks,
): Connection {
  if (peer !== undefined && dial === undefined)
    throw new Error(`${url} is of ${peer}, and there is no identity to ask it with`);
  return connect({
    service,
    baseUrl: url.replace(version, ""),
    ...(ca === undefined ? {} : { ca }),
    ...(peer === undefined || dial === undefined ? {} : { dial: dial(peer) }),
    ...(onRequest === undefined ? {} : { onRequest }),
    ...(clock === undefined ? {} : { clock }),
  });
}

// Generated from crds/remoteconsole.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A RemoteConsole asks for one look at a Server's serial console or screen. It becomes a URL in a core Secret that is good for one connection. */
export interface RemoteConsole extends KubeObject<RemoteConsoleSpec, RemoteConsoleStatus> {
  readonly spec: RemoteConsoleSpec;
}

/** Which console, and for how long. Cannot be changed. */
export interface RemoteConsoleSpec {
  readonly serverRef: RemoteConsoleServerRef;
  /** serial: what the guest's first serial port says and takes; vnc: its screen, by RFB. Nova's words. */
  readonly protocol: "serial" | "vnc";
  /** How long the URL waits for its one connection. A connection that is open does not end by it. */
  readonly expiresAfter: string;
  /** How many seconds the RemoteConsole stays when it is finished, as a Job's. Expired and Ended are finished at once, Used when no connection can be open any more (8 hours after the use). */
  readonly ttlSecondsAfterFinished: number;
}

/** The Server, of the same namespace. The first that is seen under the name is meant, and not another that takes the name later. */
export interface RemoteConsoleServerRef {
  /** Name of a Server. */
  readonly name: string;
}
/** What became of it. The URL is not here. */
export interface RemoteConsoleStatus {
  /** Pending: not given yet. Issued: the URL waits for its connection. Used: it had it. Expired: it had none in time. Ended: nobody may connect or stay connected. */
  readonly phase?: "Pending" | "Issued" | "Used" | "Expired" | "Ended";
  /** The Server that it is for, by its UID, since it was first seen. */
  readonly serverUID?: string;
  /** SHA-256 of the token in the URL, in hexadecimal digits. The token has 256 random bits, so it cannot be found from it. */
  readonly tokenHash?: string;
  /** Until when the URL is good. */
  readonly expiresAt?: string;
  /** When it was used. */
  readonly usedAt?: string;
  /** When it expired or ended. */
  readonly finishedAt?: string;
  readonly secret?: RemoteConsoleStatusSecret;
  /** The generation of the spec that was looked at. */
  readonly observedGeneration?: number;
  /** What is so and what is not. */
  readonly conditions?: readonly Condition[];
}

/** Where the URL is, until it has been taken away there. */
export interface RemoteConsoleStatusSecret {
  /** Name of the core Secret. */
  readonly name: string;
  /** Its key. */
  readonly key: string;
}

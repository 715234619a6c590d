import { createApi } from "./api.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./http.ts";
import {
  type CreatedApplicationCredential,
  createApplicationCredential,
  type NewApplicationCredential,
} from "./keystone/application-credentials.ts";
import { authenticate } from "./token/authenticate.ts";
import type { TokenSource } from "./token/token-source.ts";

/** By what a robot user logs in to its project. */
export interface RobotLogin {
  readonly username: string;
  readonly domainId: string;
  readonly password: string;
  readonly projectId: string;
}

/** A robot user that is logged in, for the minute that it takes to make its application credential. */
export interface RobotSession {
  readonly userId: string;
  readonly projectId: string;
  /** Throws Conflict when the user has one of that name: its secret cannot be had again, so delete it first. */
  createApplicationCredential(credential: NewApplicationCredential): Promise<CreatedApplicationCredential>;
}

export interface ApplicationCredentialLogin {
  readonly id: string;
  readonly secret: string;
}

/** Who an application credential turned out to be. */
export interface CredentialIdentity {
  readonly userId: string;
  readonly roles: readonly string[];
}

/** Logs a robot in by password. Throws Unauthorized for a wrong password, no role in the project, or a disabled one. */
export async function robotLogin(connection: Connection, robot: RobotLogin, call: Call = {}): Promise<RobotSession> {
  const { username, password, domainId, projectId } = robot;
  const proof = { kind: "password", username, password, domain: { id: domainId } } as const;
  const token = await authenticate(connection, proof, { kind: "project", id: projectId }, call);
  const api = createApi(connection, fixedToken(token.value), call);
  return {
    userId: token.userId,
    projectId,
    createApplicationCredential: (credential) => createApplicationCredential(api, token.userId, credential),
  };
}

/** Proves that an application credential works. Throws Unauthorized when it does not. */
export async function credentialLogin(
  connection: Connection,
  credential: ApplicationCredentialLogin,
  call: Call = {},
): Promise<CredentialIdentity> {
  const { userId, roles } = await authenticate(
    connection,
    { kind: "applicationCredential", ...credential },
    undefined,
    call,
  );
  return { userId, roles };
}

/** A token that cannot be renewed: a second 401 with the same is the answer. */
function fixedToken(value: string): TokenSource {
  return { get: async () => value, renew: async () => value };
}

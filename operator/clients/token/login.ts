import type { Call } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../http.ts";
import { isServiceError, ServiceError } from "../service-error.ts";
import { authenticate, type Scope } from "./authenticate.ts";
import type { IssuedToken } from "./issued-token.ts";
import { createLru } from "./lru.ts";
import { keepToken, type TokenKeeper } from "./token-keeper.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The password that is about to take its place, and may have. */
  readonly nextPassword?: string;
  /** The name of the user's domain. */
  readonly userDomain: string;
}

/** One user's login, from which tokens for the system and for many projects are had without its password. */
export interface Login {
  scoped(scope: Scope): TokenKeeper;
}

/** So many scoped tokens are kept; one more costs 10 ms of Keystone when it is needed again. */
const keptScopes = 1_024;

/** A login is good for all tasks: the request ids of those who share it would only mislead. */
const noCall: Call = {};

/** The login of a user by password: one unscoped token, rescoped by the token method for each scope. */
export function createLogin(connection: Connection, clock: Clock, credentials: Credentials): Login {
  const { username } = credentials;
  const unscoped = keepToken(clock, () => byPassword(connection, credentials));
  const keepers = createLru<string, TokenKeeper>(keptScopes);

  const issue = async (scope: Scope): Promise<IssuedToken> => {
    const token = await unscoped.get();
    const rescope = (from: string): Promise<IssuedToken> =>
      authenticate(connection, { kind: "token", token: from }, scope, noCall);
    try {
      return await rescope(token);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Keystone says the same 401 of a token that is no longer valid and of a scope that the user may not have.
      if (await isValid(connection, token)) throw scopeRefused(scope, username, error);
    }
    const fresh = await unscoped.renew(token);
    try {
      return await rescope(fresh);
    } catch (error) {
      throw isRefusal(error) ? scopeRefused(scope, username, error) : error;
    }
  };

  return {
    scoped: (scope) => keepers.getOrMake(describe(scope), () => keepToken(clock, () => issue(scope))),
  };
}

/** An unscoped token, by the password or, where that is refused, by the next one. */
async function byPassword(
  connection: Connection,
  { username, password, nextPassword, userDomain }: Credentials,
): Promise<IssuedToken> {
  const proof = { kind: "password", username, domain: { name: userDomain } } as const;
  try {
    return await authenticate(connection, { ...proof, password });
  } catch (error) {
    if (nextPassword === undefined || !isServiceError(error, "Unauthorized")) throw error;
    return await authenticate(connection, { ...proof, password: nextPassword });
  }
}

const isRefusal = (error: unknown): error is ServiceError =>
  isServiceError(error, "Unauthorized", "Forbidden", "NotFound");

/** Asks Keystone about a token, with that token itself. */
async function isValid(connection: Connection, token: string): Promise<boolean> {
  try {
    await connection.send({
      method: "HEAD",
      route: "/v3/auth/tokens",
      headers: { "x-auth-token": token, "x-subject-token": token },
      sensitive: [token],
    });
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

function scopeRefused(scope: Scope, username: string, cause: ServiceError): ServiceError {
  const doubt = scope.kind === "system" ? "" : ", or the project is disabled or gone";
  const said = `user ${username} gets no token for ${describe(scope)}: it has no role there${doubt}`;
  const { service, status, requestId } = cause;
  return new ServiceError(
    { service, kind: "ScopeRefused", status, requestId, operation: "POST /v3/auth/tokens", said },
    { cause },
  );
}

function describe(scope: Scope): string {
  switch (scope.kind) {
    case "system":
      return "the system";
    case "project":
      return `project ${scope.id}`;
    case "projectNamed":
      return `project ${scope.name} of domain ${scope.domain}`;
  }
}

import type { Call } from "../call.ts";
import type { Connection } from "../http.ts";
import type { ServiceRequest, ServiceResponse } from "../request.ts";
import { isServiceError, ServiceError } from "../service-error.ts";
import { understand } from "../understand.ts";
import { type IssuedToken, parseToken } from "./issued-token.ts";

/** What a token is good for. */
export type Scope =
  | { readonly kind: "system" }
  | { readonly kind: "project"; readonly id: string }
  | { readonly kind: "projectNamed"; readonly name: string; readonly domain: string };

/** By what somebody proves who he is. */
export type Proof =
  | { readonly kind: "password"; readonly username: string; readonly password: string; readonly domain: DomainRef }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "applicationCredential"; readonly id: string; readonly secret: string };

export type DomainRef = { readonly id: string } | { readonly name: string };

/**
 * POST /v3/auth/tokens. Without a scope the token is unscoped, whatever the user's default project; an application
 * credential carries its scope and takes none. Throws ServiceError Unauthorized when the proof or the scope is refused.
 */
export async function authenticate(
  connection: Connection,
  proof: Proof,
  scope?: Scope,
  call?: Call,
): Promise<IssuedToken> {
  const wanted = scope === undefined ? "unscoped" : scopeBody(scope);
  const scopeField = proof.kind === "applicationCredential" ? {} : { scope: wanted };
  const request = {
    method: "POST",
    route: "/v3/auth/tokens",
    json: { auth: { identity: identityBody(proof), ...scopeField } },
    sensitive: [secretOf(proof)],
  } as const;
  return understand(connection.service, request, await sendProof(connection, request, call), parseToken);
}

/** Keystone says 404 of an application credential that was deleted; that too is a login refused. */
async function sendProof(connection: Connection, request: ServiceRequest, call?: Call): Promise<ServiceResponse> {
  try {
    return await connection.send(request, call);
  } catch (error) {
    if (!isServiceError(error, "NotFound")) throw error;
    const { service, status, requestId, said } = error;
    const operation = `${request.method} ${request.route}`;
    throw new ServiceError({ service, kind: "Unauthorized", status, requestId, operation, said }, { cause: error });
  }
}

function scopeBody(scope: Scope): object {
  switch (scope.kind) {
    case "system":
      return { system: { all: true } };
    case "project":
      return { project: { id: scope.id } };
    case "projectNamed":
      return { project: { name: scope.name, domain: { name: scope.domain } } };
  }
}

function identityBody(proof: Proof): object {
  switch (proof.kind) {
    case "password": {
      const { username: name, password, domain } = proof;
      return { methods: ["password"], password: { user: { name, password, domain } } };
    }
    case "token":
      return { methods: ["token"], token: { id: proof.token } };
    case "applicationCredential": {
      const { id, secret } = proof;
      return { methods: ["application_credential"], application_credential: { id, secret } };
    }
  }
}

function secretOf(proof: Proof): string {
  switch (proof.kind) {
    case "password":
      return proof.password;
    case "token":
      return proof.token;
    case "applicationCredential":
      return proof.secret;
  }
}

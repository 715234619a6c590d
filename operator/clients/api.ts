import type { Call } from "./call.ts";
import type { Connection } from "./http.ts";
import type { ServiceRequest, ServiceResponse } from "./request.ts";
import { isServiceError } from "./service-error.ts";
import type { TokenSource } from "./token/token-source.ts";
import { understand } from "./understand.ts";

/** One service, spoken to with one token, for one piece of work. All typed clients are built on it. */
export interface Api {
  /** Sends a request; its answer counts only as success. */
  send(request: ServiceRequest): Promise<ServiceResponse>;
  /** Sends a request and reads the answer's JSON. */
  read<T>(request: ServiceRequest, parse: (json: unknown) => T): Promise<T>;
  /** As `read`, but undefined for what is not there (404). */
  find<T>(request: ServiceRequest, parse: (json: unknown) => T): Promise<T | undefined>;
  /** Sends a delete; what is not there (404) is deleted already. */
  remove(request: ServiceRequest): Promise<void>;
  /** Reads the answer otherwise than as JSON. */
  readWhole<T>(request: ServiceRequest, parse: (response: ServiceResponse) => T): Promise<T>;
}

/** An Api whose requests carry the source's token. A 401 renews the token once, and the request is sent again. */
export function createApi(connection: Connection, tokens: TokenSource, call: Call = {}): Api {
  const withToken = (request: ServiceRequest, token: string): Promise<ServiceResponse> =>
    connection.send({ ...request, headers: { ...request.headers, "x-auth-token": token } }, call);

  const send = async (request: ServiceRequest): Promise<ServiceResponse> => {
    const token = await tokens.get(call.signal);
    try {
      return await withToken(request, token);
    } catch (error) {
      if (!isServiceError(error, "Unauthorized")) throw error;
      // What was refused was not carried out, so this repeat is safe for a POST too.
      return withToken(request, await tokens.renew(token, call.signal));
    }
  };

  const readWhole: Api["readWhole"] = async (request, parse) =>
    understand(connection.service, request, await send(request), parse);
  const read: Api["read"] = (request, parse) => readWhole(request, (response) => parse(response.json()));

  return {
    send,
    readWhole,
    read,
    find: (request, parse) => orAbsent(read(request, parse)),
    remove: async (request) => void (await orAbsent(send(request))),
  };
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isServiceError(error, "NotFound")) return undefined;
    throw error;
  }
}

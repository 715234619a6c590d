import type { ServiceRequest, ServiceResponse } from "./request.ts";
import { ServiceError, type ServiceName } from "./service-error.ts";
import { ShapeError } from "./shape.ts";

/** What `parse` makes of an answer. An answer that is not what the service's API says is a ServiceError Unavailable. */
export function understand<T>(
  service: ServiceName,
  request: ServiceRequest,
  response: ServiceResponse,
  parse: (response: ServiceResponse) => T,
): T {
  try {
    return parse(response);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const operation = `${request.method} ${request.route}`;
    const { status, requestId } = response;
    const said = `the answer cannot be understood: ${error.message}`;
    throw new ServiceError({ service, kind: "Unavailable", status, requestId, operation, said }, { cause: error });
  }
}

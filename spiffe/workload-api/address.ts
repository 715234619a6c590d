/** The variable that says where the Workload API is (SPIFFE Workload Endpoint, 4). */
const variable = "SPIFFE_ENDPOINT_SOCKET";

/**
 * Where the Workload API is: what is given, else what the environment says. As gRPC writes it.
 *
 * @throws TypeError where nothing says it, or it is neither `unix:///path` nor `tcp://address:port`.
 */
export function workloadApiAddress(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const address = given ?? env[variable];
  if (address === undefined || address === "") {
    throw new TypeError(`nothing says where the Workload API is: set ${variable}, as unix:///run/spire/agent.sock`);
  }
  const [, path] = /^unix:(?:\/\/)?(\/(?!\/)[^?#]+)$/.exec(address) ?? [];
  if (path !== undefined) return `unix:${path}`;
  // By address alone: whoever answers for a name could say who we are.
  const [, endpoint] = /^tcp:\/\/((?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d{1,5})$/.exec(address) ?? [];
  if (endpoint !== undefined) return endpoint;
  throw new TypeError(`"${address}" is no address of a Workload API: unix:///path or tcp://1.2.3.4:port`);
}

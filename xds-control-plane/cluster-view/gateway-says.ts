import type { NewCondition } from "#runtime/api/conditions.ts";
import type { Finding } from "../mesh/finding.ts";
import { gatewayProxy, type Reached } from "./gateway-proxies.ts";
import type { Gateway, GatewaySpec } from "./kinds.ts";
import { condition } from "./listeners.ts";
import type { Attachment, ReadGateway } from "./routes.ts";

/** What is to be said about a Gateway. */
export interface GatewaySays {
  readonly gateway: Gateway;
  readonly conditions: readonly NewCondition[];
  /** Undefined where its proxies are run by somebody else. */
  readonly addresses: Reached["addresses"] | undefined;
  readonly listeners: readonly {
    readonly name: string;
    readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
    readonly attachedRoutes: number;
    readonly conditions: readonly NewCondition[];
  }[];
}

export interface GatewayProblem {
  readonly reason: "InvalidParameters" | "UnsupportedAddress";
  readonly message: string;
}

/** Why a Gateway is served nothing, whatever its listeners are; undefined where it may be. */
export function gatewayProblem(spec: GatewaySpec | undefined): GatewayProblem | undefined {
  const parameters = spec?.infrastructure?.parametersRef;
  if (parameters !== undefined) {
    const { group, kind, name } = parameters;
    const message = `infrastructure.parametersRef: ${kind}.${group} ${name} means nothing here: leave it out`;
    return { reason: "InvalidParameters", message };
  }
  const fixed = spec?.addresses?.find(({ type = "IPAddress", value = "" }) => value !== "" || type !== "IPAddress");
  if (fixed === undefined) return undefined;
  const message = `addresses: ${fixed.type ?? "IPAddress"} ${fixed.value ?? ""}: addresses are the cluster's to choose`;
  return { reason: "UnsupportedAddress", message };
}

/** @param reached undefined where its proxies are run by somebody else */
export function gatewaySays(
  { gateway, listeners, problem }: ReadGateway,
  attachments: readonly Attachment[],
  findings: readonly Finding[],
  reached: Reached | undefined,
): GatewaySays {
  const invalid = listeners.filter(({ isProgrammed }) => !isProgrammed);
  const isAccepted = listeners.some((listener) => listener.isAccepted);
  return {
    gateway,
    conditions: [
      problem !== undefined
        ? condition("Accepted", false, problem.reason, problem.message)
        : invalid.length > 0
          ? condition(
              "Accepted",
              isAccepted,
              "ListenersNotValid",
              `see listeners ${invalid.map(({ spec }) => spec.name).join(", ")}`,
            )
          : condition("Accepted", true, "Accepted", "the Gateway is valid"),
      programmed({ gateway, listeners, problem }, findings, reached),
    ],
    addresses: reached?.addresses,
    listeners: listeners.map((listener) => ({
      name: listener.spec.name,
      supportedKinds: listener.kinds.map((kind) => ({ group: "gateway.networking.k8s.io", kind })),
      attachedRoutes: new Set(attachments.filter((each) => each.listener === listener).map(({ route }) => route)).size,
      conditions: listener.conditions,
    })),
  };
}

function programmed(
  { gateway, listeners, problem }: ReadGateway,
  findings: readonly Finding[],
  reached: Reached | undefined,
): NewCondition {
  const not = (reason: string, message: string) => condition("Programmed", false, reason, message);
  if (problem !== undefined) return not("Invalid", problem.message);
  if (findings.length > 0) return not("Invalid", findings.map((each) => `${each.at}: ${each.problem}`).join("; "));
  if (!listeners.some(({ isProgrammed }) => isProgrammed)) return not("Invalid", "no listener can be served");
  if (reached?.problem !== undefined) return not(reached.problem.reason, reached.problem.message);
  return condition("Programmed", true, "Programmed", `its proxies are the group ${gatewayProxy(gateway)}`);
}

import { accountId } from "#operator/account-id.ts";
import { type CloudPart, EDGE_PATHS, meshName, partName, previewName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { knownAs } from "./accounts.ts";
import { edgeAccount } from "./edge.ts";
import { MEMBERS, meshParts } from "./mesh.ts";
import { child } from "./metadata.ts";
import { memberName, membersOf } from "./postgresql-members.ts";

/** The operator's ServiceAccount (charts/nephele/rbac); it is in the control plane's namespace. */
const OPERATOR_ACCOUNT = "nephele-operator";

/**
 * Who may call which part, by SPIFFE ID. A part without a policy nobody may. The proxies of an edge may where people's clients
 * come in: `edgeStands` says whether there is one.
 */
export function accessPolicies(
  deployment: CloudDeployment,
  edgeStands = deployment.edge !== undefined,
): readonly Desired[] {
  const { cloud, platform } = deployment;
  if (platform.sidecars === undefined) return [];
  const { trustDomain, xds } = platform.sidecars;
  const namespace = cloud.metadata.namespace ?? "";
  const id = (of: string, account: string) => ({ id: accountId(trustDomain, of, account) });
  // It has no sidecar, and so no loopback on which two Clouds could want one port.
  const operator = { ...id(xds.namespace, OPERATOR_ACCOUNT), sidecar: false };
  return meshParts(deployment).flatMap((part) => {
    const { callers = [], operator: isAsked = false } = MEMBERS[part] ?? {};
    // Those that have no pods as yet, too: a policy that changes cuts the connections that are open.
    const own = callers.map((caller) => id(namespace, knownAs(deployment, caller)));
    const rule = { callers: isAsked ? [...own, operator] : own };
    const name = partName(cloud, part);
    if (part === "postgresql") {
      const members = membersOf(deployment).map((member) => meshName(memberName(deployment, member)));
      const among = [{ callers: [id(namespace, knownAs(deployment, part))] }];
      return [
        policy(deployment, part, name, [meshName(name)], [rule]),
        policy(deployment, part, `${name}-members`, members, among),
      ];
    }
    if (part === "memcached") return [policy(deployment, part, name, [meshName(name)], [rule])];
    const edge = { ...id(namespace, edgeAccount(cloud)), sidecar: false };
    const paths = [{ type: "PathPrefix", value: EDGE_PATHS[part] } as const];
    const preview = previewName(cloud, part);
    return [
      policy(deployment, part, name, [meshName(name)], edgeStands ? [rule, { callers: [edge], paths }] : [rule]),
      policy(deployment, part, preview, [meshName(preview)], [{ callers: [operator] }]),
    ];
  });
}

interface PolicyRule {
  readonly callers: readonly { readonly id: string; readonly sidecar?: boolean }[];
  readonly paths?: readonly { readonly type: "PathPrefix"; readonly value: string }[];
}

/** A policy for the pods that Services lead to, in the mesh. */
function policy(
  deployment: CloudDeployment,
  part: CloudPart,
  name: string,
  services: readonly string[],
  rules: readonly PolicyRule[],
): Desired {
  const spec = { targetRefs: services.map((service) => ({ name: service })), rules };
  return child({ deployment, part, apiVersion: "nephele.dev/v1alpha1", kind: "AccessPolicy", name, content: { spec } });
}

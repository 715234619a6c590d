import { uniqueName } from "./api-server.ts";
import { merge, type Patch } from "./rule-case.ts";
import type { Workbench } from "./workbench.ts";

/**
 * For controls: runs `check` with a namespace in which the policy does not hold, as its binding passes it by; the binding is as
 * before afterwards. It takes effect a moment after it is written, each time.
 */
export async function whereUnbound(
  bench: Workbench,
  policy: string,
  check: (namespace: string) => Promise<void>,
): Promise<void> {
  const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${policy}`;
  const label = uniqueName("unbound");
  const namespace = await bench.namespace({ labels: { [label]: "" } });
  const bind = async (matchResources: Patch | null): Promise<void> => {
    await bench.admin.send("PUT", path, merge(await bench.admin.send("GET", path), { spec: { matchResources } }));
  };
  await bind({ namespaceSelector: { matchExpressions: [{ key: label, operator: "DoesNotExist" }] } });
  try {
    await check(namespace);
  } finally {
    await bind(null);
  }
}

import { serviceAccounts } from "#operator/api/foreign.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { confinedAccount, DEFAULT_ACCOUNT, isConfined, releasedAccount } from "../children/default-account.ts";
import { notLookedAt, type ProjectScope } from "../scope.ts";

/** How often the account is looked for that Kubernetes makes in a new namespace. */
const MISSING_POLL_MS = 1_000;
const CONCERN = "default-account";

/**
 * The namespace's account `default` gives its pods no token. Not watched but compared, as what is outside: in between, admission
 * refuses CDI's pods a token (crds/policies/importers.yaml).
 */
export async function confineDefaultAccount(scope: ProjectScope): Promise<Outcome> {
  const { kube, project, namespace, compares } = scope;
  if (!compares) return notLookedAt;
  const account = await kube.get(serviceAccounts, { namespace, name: DEFAULT_ACCOUNT });
  if (account === undefined) {
    const what = `ServiceAccount ${DEFAULT_ACCOUNT} of namespace ${namespace}, which Kubernetes makes`;
    return waiting(what, { pollAfterMs: MISSING_POLL_MS });
  }
  if (!isConfined(account))
    await kube.apply(serviceAccounts, confinedAccount(project), {
      fieldOwner: scope.fieldOwner(CONCERN),
      force: true,
    });
  return settled();
}

/** In a namespace that stays, the account is as its owner had it, or as Kubernetes makes it. */
export async function releaseDefaultAccount(scope: ProjectScope): Promise<void> {
  const { kube, project, namespace } = scope;
  const account = await kube.get(serviceAccounts, { namespace, name: DEFAULT_ACCOUNT });
  if (account === undefined || !isConfined(account)) return;
  await kube.apply(serviceAccounts, releasedAccount(project), { fieldOwner: scope.fieldOwner(CONCERN) });
}

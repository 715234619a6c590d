import { ACCEPTED, eventually, type Sender, senderAs, uniqueName } from "./api-server.ts";
import type { Manifest, Patch } from "./rule-case.ts";

/** The user name of the operator's service account. */
export const OPERATOR = "system:serviceaccount:nephele-system:nephele-operator";

/** As rbac.authorization.k8s.io has it. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What a test of policies makes, and undoes when it is closed. */
export interface Workbench {
  readonly admin: Sender;
  /** A user with these rights in the whole cluster, and no other. The rights hang on a group of this test alone. */
  user(name: string, rules: readonly PolicyRule[]): Promise<Sender>;
  namespace(metadata?: Patch): Promise<string>;
  /** Creates an object that close() deletes, and gives its path. */
  create(collection: string, object: Manifest): Promise<string>;
  close(): Promise<void>;
}

const RBAC = "/apis/rbac.authorization.k8s.io/v1";

export async function openWorkbench(): Promise<Workbench> {
  const admin = await senderAs();
  const senders: Sender[] = [admin];
  const made: string[] = [];

  const create = async (collection: string, object: Manifest): Promise<string> => {
    const answer = await admin.send("POST", collection, object);
    const path = `${collection}/${answer.metadata.name}`;
    made.unshift(path);
    return path;
  };

  return {
    admin,
    create,
    async user(user, rules) {
      const name = uniqueName("rules");
      const apiVersion = "rbac.authorization.k8s.io/v1";
      const metadata = { name };
      const apiGroup = "rbac.authorization.k8s.io";
      await create(`${RBAC}/clusterroles`, { apiVersion, kind: "ClusterRole", metadata, rules });
      await create(`${RBAC}/clusterrolebindings`, {
        apiVersion,
        kind: "ClusterRoleBinding",
        metadata,
        roleRef: { apiGroup, kind: "ClusterRole", name },
        subjects: [{ apiGroup, kind: "Group", name }],
      });
      const sender = await senderAs({ user, groups: [name] });
      senders.push(sender);
      await untilAllowed(sender, rules);
      return sender;
    },
    async namespace(metadata = {}) {
      const name = uniqueName("rules");
      await create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { ...metadata, name } });
      return name;
    },
    async close() {
      // What a test deleted itself is gone already.
      for (const path of made) await admin.send("DELETE", path).catch(() => undefined);
      await Promise.all(senders.map((sender) => sender.close()));
    },
  };
}

/** Rights take effect a moment after they are written: waits until the API server grants the last of them. */
async function untilAllowed(sender: Sender, rules: readonly PolicyRule[]): Promise<void> {
  const last = rules.at(-1);
  if (last === undefined) return;
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        group: last.apiGroups[0],
        resource: last.resources[0],
        verb: last.verbs[0],
        name: last.resourceNames?.[0],
      },
    },
  };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const ask = async () => {
    const answer = await sender.send("POST", path, review);
    return (answer as { status?: { allowed?: boolean } }).status?.allowed === true ? ACCEPTED : "not yet allowed";
  };
  const verdict = await eventually(ask, (answer) => answer === ACCEPTED);
  if (verdict !== ACCEPTED) throw new Error(`the test's user has no rights after 20 s: ${JSON.stringify(last)}`);
}

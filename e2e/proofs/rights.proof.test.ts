import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkout } from "#e2e/cluster/location.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { type AuditEvent, readAudit, withoutEarlyRefusals } from "./audit-log.ts";
import { type Granted, grantedMinusUsed, type RbacObject, rightsGranted } from "./rbac.ts";
import { rightsUsed, rightText, type Used } from "./rights-used.ts";

// Looks at all that the programs did since the cluster started: it tells something after the project `control` has run.

const SYSTEM = "nephele-system";
const ACCOUNT = { namespace: SYSTEM, name: "nephele-operator" };
const OPERATOR = { user: `system:serviceaccount:${SYSTEM}:${ACCOUNT.name}`, userAgent: /^nephele-operator\// };

/** Rights that no request shows, and why they are needed all the same. */
const EXCUSED: Readonly<Record<string, string>> = {
  "bind clusterroles.rbac.authorization.k8s.io (cluster)":
    "asked of whoever writes a RoleBinding; no request of its own",
  "create datavolumes.cdi.kubevirt.io/source (cluster)": "asked of whoever gives this right on; no request of its own",
  "patch events.events.k8s.io (cluster)": "an event that comes again a minute later; no scenario lasts as long",
  ...Object.fromEntries(
    [
      "create jobs.batch",
      "patch jobs.batch",
      "delete jobs.batch",
      "create poddisruptionbudgets.policy",
      "patch poddisruptionbudgets.policy",
    ].map((right) => [
      `${right} (namespace ${SYSTEM})`,
      "a deployed Cloud's, once its database runs, which needs a node: not covered by the local cluster",
    ]),
  ),
  ...Object.fromEntries(
    ["list", "watch", "create", "patch"].map((verb) => [
      `${verb} serviceaccounts (namespace ${SYSTEM})`,
      "asked for where the chart deploys SPIRE, which needs a node: not covered by the local cluster",
    ]),
  ),
  ...Object.fromEntries(
    ["list", "watch", "create", "patch"].map((verb) => [
      `${verb} accesspolicies.nephele.dev (namespace ${SYSTEM})`,
      "asked for where pods of Clouds have sidecars, which needs a node: not covered by the local cluster",
    ]),
  ),
  ...Object.fromEntries(
    [
      ...["create", "patch", "delete"].map((verb) => `${verb} gateways.gateway.networking.k8s.io`),
      ...["list", "watch", "create", "patch", "delete"].flatMap((verb) => [
        `${verb} httproutes.gateway.networking.k8s.io`,
        `${verb} edgepolicies.nephele.dev`,
      ]),
    ].map((right) => [
      `${right} (namespace ${SYSTEM})`,
      "asked for where a Cloud has an edge, which needs a node: not covered by the local cluster",
    ]),
  ),
};

/** Namespaces in which tests make Clouds that the operator has no rights for, and what is refused there. */
const PROVOKED = [
  {
    namespaces: /^rules-/,
    what: "crds/: a deployed Cloud where the Roles of charts/nephele/rbac/deployed-clouds.yaml are not",
  },
  { namespaces: /^t-clouds-/, what: "e2e/scenarios/cloud-rights: a Cloud whose core Secret no Role names" },
];

/** What it reads where an administrator binds a role for it. */
const WHERE_BOUND = ["secrets", "configmaps"];
const XDS = { namespace: SYSTEM, name: "nephele-xds" };
const CONSOLE = { namespace: SYSTEM, name: "nephele-console" };
/** What puts the keys of a backup back; e2e/backups does so by its account. */
const RESTORE = { namespace: SYSTEM, name: "nephele-restore" };

/** Where the operator bound its role for Projects. */
function namespacesOfProjects(audit: readonly AuditEvent[]): ReadonlySet<string> {
  const bindings = audit.filter(
    ({ objectRef }) => objectRef?.resource === "rolebindings" && objectRef.name === "nephele:project-operator",
  );
  return new Set(bindings.map(({ objectRef }) => objectRef?.namespace ?? ""));
}

let granted: Granted;
let used: Used;
let ofXds: { readonly granted: Granted; readonly used: Used };
let ofConsole: { readonly granted: Granted; readonly used: Used };
let ofRestore: { readonly granted: Granted; readonly used: Used };

beforeAll(async () => {
  const bed: Bed = await openBed();
  const manifests = globSync(join(checkout, "charts/nephele/rbac/*.yaml")).flatMap((file) =>
    parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as RbacObject),
  );
  granted = rightsGranted(manifests, ACCOUNT, [{ role: "nephele:project-operator", scope: "projects" }]);
  const audit = withoutEarlyRefusals(readAudit(bed.cluster.auditLogPath));
  ofXds = {
    granted: rightsGranted(manifests, XDS),
    used: rightsUsed(
      audit,
      { user: `system:serviceaccount:${SYSTEM}:${XDS.name}`, userAgent: /^nephele-xds/ },
      (_namespace, { resource }) => (WHERE_BOUND.includes(resource) ? "a namespace of Gateways" : "cluster"),
    ),
  };
  ofConsole = {
    granted: rightsGranted(manifests, CONSOLE),
    used: rightsUsed(
      audit,
      { user: `system:serviceaccount:${SYSTEM}:${CONSOLE.name}`, userAgent: /^nephele-console-proxy/ },
      () => "cluster",
    ),
  };
  ofRestore = {
    granted: rightsGranted(manifests, RESTORE),
    used: rightsUsed(
      audit,
      { user: `system:serviceaccount:${SYSTEM}:${RESTORE.name}`, userAgent: /^Python-urllib/ },
      (namespace) => (namespace === undefined ? "cluster" : `namespace ${namespace}`),
    ),
  };
  const ofProjects = namespacesOfProjects(audit);
  used = rightsUsed(audit, OPERATOR, (namespace, right) => {
    if (namespace === undefined) return "cluster";
    const provoked = PROVOKED.find(({ namespaces }) => namespaces.test(namespace));
    if (provoked !== undefined) return provoked.what;
    // Two roles can give a right in a namespace: what one gives there alone is what is used there.
    const there = namespace === SYSTEM ? `namespace ${SYSTEM}` : ofProjects.has(namespace) ? "projects" : "cluster";
    return granted.rights.has(rightText({ ...right, scope: there })) ? there : "cluster";
  });
  await bed.close();
});

describe("the programs' rights", () => {
  test("no rule says *", () => {
    expect(granted.wildcards).toEqual([]);
  });

  test("each right that is granted was used", () => {
    expect(used.allowed.size).toBeGreaterThan(20);
    expect(grantedMinusUsed(granted, used.allowed, EXCUSED)).toEqual([]);
  });

  test("nothing that the operator asked for was refused", () => {
    const provoked = PROVOKED.map(({ what }) => what);
    const unasked = [...used.refused.values()].filter(({ scope }) => !provoked.includes(scope));
    expect(unasked.map(rightText)).toEqual([]);
  });

  test("each right of the xDS control plane was used, and it asked for no other but where roles are bound for it", () => {
    expect(ofXds.granted.wildcards).toEqual([]);
    expect(ofXds.used.allowed.size).toBeGreaterThan(10);
    expect(grantedMinusUsed(ofXds.granted, ofXds.used.allowed)).toEqual([]);
    const unasked = [...ofXds.used.refused.values()].filter(({ resource }) => !WHERE_BOUND.includes(resource));
    expect(unasked.map(rightText)).toEqual([]);
  });

  test("each right of the console proxy was used, and it asked for no other", () => {
    expect(ofConsole.granted.rights.size).toBe(6);
    expect(grantedMinusUsed(ofConsole.granted, ofConsole.used.allowed)).toEqual([]);
    expect([...ofConsole.used.refused.keys()]).toEqual([]);
  });

  test("what puts the keys of a backup back has one right, and asked for no other", () => {
    expect([...ofRestore.granted.rights.keys()]).toEqual([`create secrets (namespace ${SYSTEM})`]);
    expect(grantedMinusUsed(ofRestore.granted, ofRestore.used.allowed)).toEqual([]);
    expect([...ofRestore.used.refused.keys()]).toEqual([]);
  });

  test("control: a right more than is used would be found", () => {
    const superfluous = { verb: "escalate", group: "x", resource: "y", scope: "cluster" };
    const more = { ...granted, rights: new Map([...granted.rights, ["escalate y.x (cluster)", superfluous]]) };
    expect(grantedMinusUsed(more, used.allowed, EXCUSED)).toContain("escalate y.x (cluster)");
  });
});

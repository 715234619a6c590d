import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkout } from "#e2e/cluster/location.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { readAudit, withoutEarlyRefusals } from "./audit-log.ts";
import { type Granted, grantedMinusUsed, type RbacObject, rightsGranted } from "./rbac.ts";
import { rightsUsed, type Used } from "./rights-used.ts";

// Looks at all that the operator did since the cluster started: it tells something after the project `control` has run.

const SYSTEM = "nephele-system";
const ACCOUNT = { namespace: SYSTEM, name: "nephele-operator" };
const OPERATOR = { user: `system:serviceaccount:${SYSTEM}:${ACCOUNT.name}`, userAgent: /^nephele-operator\// };

/** Rights that no request shows, and why they are needed all the same. */
const EXCUSED: Readonly<Record<string, string>> = {
  "bind clusterroles.rbac.authorization.k8s.io (cluster)":
    "asked of whoever writes a RoleBinding; no request of its own",
  "create datavolumes.cdi.kubevirt.io/source (cluster)": "asked of whoever gives this right on; no request of its own",
};

/** Refusals that a test brings about, and which. */
const PROVOKED: Readonly<Record<string, string>> = {
  "get secrets (namespace nephele-system)": "e2e/scenarios/cloud: a Cloud whose core Secret no Role names",
};

let granted: Granted;
let used: Used;

beforeAll(async () => {
  const bed: Bed = await openBed();
  const manifests = globSync(join(checkout, "charts/nephele/rbac/*.yaml")).flatMap((file) =>
    parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as RbacObject),
  );
  granted = rightsGranted(manifests, ACCOUNT, [{ role: "nephele:project-operator", scope: "projects" }]);
  used = rightsUsed(
    withoutEarlyRefusals(readAudit(bed.cluster.auditLogPath)),
    OPERATOR,
    (namespace, { group, resource }) => {
      const bound = (group === "" && resource === "secrets") || resource === "leases";
      if (!bound || namespace === undefined) return "cluster";
      return namespace === SYSTEM ? `namespace ${SYSTEM}` : "projects";
    },
  );
  await bed.close();
});

describe("the operator's rights", () => {
  test("no rule says *", () => {
    expect(granted.wildcards).toEqual([]);
  });

  test("each right that is granted was used", () => {
    expect(used.allowed.size).toBeGreaterThan(20);
    expect(grantedMinusUsed(granted, used.allowed, EXCUSED)).toEqual([]);
  });

  test("nothing that the operator asked for was refused", () => {
    expect([...used.refused.keys()].filter((right) => PROVOKED[right] === undefined)).toEqual([]);
  });

  test("control: a right more than is used would be found", () => {
    const superfluous = { verb: "escalate", group: "x", resource: "y", scope: "cluster" };
    const more = { ...granted, rights: new Map([...granted.rights, ["escalate y.x (cluster)", superfluous]]) };
    expect(grantedMinusUsed(more, used.allowed, EXCUSED)).toContain("escalate y.x (cluster)");
  });
});

import { expect, test } from "vitest";
import { parseCounters } from "./operator-run.ts";

test("passes are summed by controller whatever their outcome, and writes without Lease renewals", () => {
  const text = `# HELP nephele_reconcile_seconds Time of one pass over one object
nephele_reconcile_seconds_bucket{le="0.001",controller="server",outcome="settled"} 7
nephele_reconcile_seconds_count{controller="server",outcome="settled"} 7
nephele_reconcile_seconds_count{controller="server",outcome="waiting"} 2
nephele_reconcile_seconds_count{controller="secret",outcome="settled"} 3
nephele_api_requests_total{verb="patch",resource="servers.nephele.dev/status",code="200"} 4
nephele_api_requests_total{verb="create",resource="virtualmachines.kubevirt.io",code="201"} 1
nephele_api_requests_total{verb="patch",resource="leases.coordination.k8s.io",code="200"} 90
nephele_api_requests_total{verb="list",resource="servers.nephele.dev",code="200"} 1
`;
  expect(parseCounters(text)).toEqual({ passes: { server: 9, secret: 3 }, writes: 5 });
});

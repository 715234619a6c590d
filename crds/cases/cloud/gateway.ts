import type { RuleCase } from "../../testing/rule-case.ts";
import { deploying } from "./deployed.ts";

/** The edge of deployed services. */

const gateway = (...hostnames: readonly string[]) => ({
  hostnames: hostnames.length === 0 ? ["cloud.example.org"] : hostnames,
  certificateSecretRef: { name: "cloud-tls" },
});

export const gatewayCases: readonly RuleCase[] = [
  {
    says: "an edge of services that exist",
    fault: { spec: { gateway: gateway() } },
    control: deploying({ gateway: gateway() }),
    at: "spec",
    refusedWith: "gateway is of services that are deployed, and these are external",
  },
  {
    says: "an edge by one name twice",
    fault: deploying({ gateway: gateway("cloud.example.org", "cloud.example.org") }),
    control: deploying({ gateway: gateway("cloud.example.org", "keys.example.org") }),
    at: "spec.gateway.hostnames",
    refusedWith: "each name can be given once",
  },
  ...["10.0.0.1", "*.example.org", "Cloud.example.org", "-cloud.example.org"].map((name) => ({
    says: `an edge by the name ${name}`,
    fault: deploying({ gateway: gateway(name) }),
    control: deploying({ gateway: gateway("cloud") }),
    at: "spec.gateway.hostnames[0]",
    refusedWith: "must be a DNS name in lower case, and no address: cloud.example.org",
  })),
];

import type { RuleCase } from "../../testing/rule-case.ts";
import { bundled, deploying, NO_SIZE, outside } from "./deployed.ts";

/** The database and the cache of deployed services. */

const CHOICE = "exactly one of bundled and external must be given";

export const databaseCases: readonly RuleCase[] = [
  {
    says: "a database that comes later",
    before: deploying({}),
    fault: { spec: { database: bundled } },
    at: "spec",
    refusedWith: "database can be given only when the Cloud is made: the data would stay in the other one",
  },
  {
    says: "a database of both kinds",
    fault: deploying({ database: { ...bundled, ...outside } }),
    control: deploying({ database: outside }),
    at: "spec.database",
    refusedWith: CHOICE,
  },
  {
    says: "another kind of database",
    before: deploying({ database: bundled }),
    fault: { spec: { database: { bundled: null, ...outside } } },
    at: "spec.database",
    refusedWith: "bundled and external cannot be exchanged: the data would stay in the other one",
  },
  {
    says: "a volume of no size",
    fault: deploying({ database: { bundled: { storage: "0" } } }),
    control: deploying({ database: bundled }),
    at: "spec.database.bundled.storage",
    refusedWith: NO_SIZE,
  },
  {
    says: "another size of a volume",
    before: deploying({ database: bundled }),
    fault: { spec: { database: { bundled: { storage: "2Gi" } } } },
    at: "spec.database.bundled.storage",
    refusedWith: "storage cannot be changed: a StatefulSet's volumes keep their size",
  },
  {
    says: "another host of the database",
    before: deploying({ database: outside }),
    fault: { spec: { database: { external: { host: "other.example.org" } } } },
    at: "spec.database.external.host",
    refusedWith: "host cannot be changed: the data would stay on the other one",
  },
  {
    says: "a cache of both kinds",
    fault: deploying({ cache: { bundled: {}, external: { servers: ["mc:11211"] } } }),
    control: deploying({ cache: { bundled: {} } }),
    at: "spec.cache",
    refusedWith: CHOICE,
  },
];

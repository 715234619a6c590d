import type { Service } from "../children/service-config.ts";
import type { KeyName } from "../names.ts";
import { databaseLogin } from "./database-logins.ts";
import type { Values } from "./key-table.ts";

/** The keys and logins that a service's pods read at their start, by name and number and never by value. */
export function readAtStart(service: Service, values: (name: KeyName) => Values): string {
  const database = `database ${databaseLogin(values("database"), service).key}`;
  if (service === "keystone") return database;
  return `kek ${Object.keys(values("kek")).join(",")}; ${database}; user ${values("barbicanUser")["username"] ?? ""}`;
}

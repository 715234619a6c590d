import type { Service } from "../children/service-config.ts";
import type { Values } from "./key-table.ts";

/** A role by which a service logs in to its database. */
export interface DatabaseLogin {
  readonly role: string;
  readonly password: string;
  /** Its name in the core Secret: the service's, and from the second on a number. */
  readonly key: string;
  readonly generation: number;
}

/** A service's logins out of the core Secret with the database's passwords, the newest, which is used, first. */
export function databaseLogins(values: Values, service: Service): readonly DatabaseLogin[] {
  return Object.keys(values)
    .flatMap((key) => {
      const found = new RegExp(`^${service}(?:-([0-9]+))?$`).exec(key);
      if (found === null || (values[key] ?? "") === "") return [];
      return [{ role: key.replace("-", "_"), password: values[key] ?? "", key, generation: Number(found[1] ?? 1) }];
    })
    .sort((a, b) => b.generation - a.generation);
}

/** The login that a service uses. Throws where there is none, which custody has looked at before. */
export function databaseLogin(values: Values, service: Service): DatabaseLogin {
  const [login] = databaseLogins(values, service);
  if (login === undefined) throw new Error(`${service} has no login to its database`);
  return login;
}

/** Those that the services use. */
export function usedLogins(values: Values): Readonly<Record<Service, DatabaseLogin>> {
  return { keystone: databaseLogin(values, "keystone"), barbican: databaseLogin(values, "barbican") };
}

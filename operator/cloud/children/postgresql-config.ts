import { stringify } from "yaml";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, POSTGRESQL_PORT } from "../deployment.ts";
import { isInMesh, SOCKET_FOLDER as MESH_FOLDER } from "./mesh.ts";
import { child, secretData, selectorOf } from "./metadata.ts";

/** Patroni's own API: probes, and what its members ask each other. */
export const PATRONI_PORT = 8008;
/** Patroni keeps it on the pods: which of them takes writes. */
export const ROLE_LABEL = "nephele.dev/database-role";
export const PRIMARY = "primary";
/** So long a primary that is not heard of stays the primary: the least that Patroni accepts. */
export const LEASE_SECONDS = 20;
/** Tells Patroni's clusters of one namespace apart. */
export const SCOPE_LABEL = "nephele.dev/database";

export const DATA_FOLDER = "/var/lib/postgresql";
/** All files of this folder are read, in their order. */
export const CONFIGURATION_FOLDER = "/etc/patroni";
export const SOCKET_FOLDER = "/run/postgresql";

/** Names of the files in {@link CONFIGURATION_FOLDER}. */
export const FILES = { base: "10-base.yml", passwords: "20-passwords.yml" } as const;

/** Where PostgreSQL and Patroni listen, and for whom. */
const LISTENING = {
  plain: {
    restapi: `0.0.0.0:${PATRONI_PORT}`,
    postgresql: {
      listen: `0.0.0.0:${POSTGRESQL_PORT}`,
      pg_hba: [
        "local all all scram-sha-256",
        "host replication replicator all scram-sha-256",
        "host all all all scram-sha-256",
      ],
    },
    parameters: { unix_socket_directories: SOCKET_FOLDER },
  },
  // For the sidecar alone, and Patroni: at sockets, and at no address.
  mesh: {
    restapi: `127.0.0.1:${PATRONI_PORT}`,
    postgresql: {
      listen: `:${POSTGRESQL_PORT}`,
      use_unix_socket: true,
      use_unix_socket_repl: true,
      pg_hba: ["local all all scram-sha-256", "local replication replicator scram-sha-256"],
    },
    parameters: {
      // Patroni takes the first.
      unix_socket_directories: `${SOCKET_FOLDER}, ${MESH_FOLDER}`,
      unix_socket_permissions: "0770",
    },
  },
} as const;

/**
 * Patroni with the Kubernetes API as its store (docs: Patroni, "Kubernetes"). With one instance too: so a Cloud grows to
 * three without a change of hands. A standby that is behind is never promoted over what was acknowledged: replication is
 * synchronous as long as there is a standby.
 */
export function patroniConfiguration(deployment: CloudDeployment): Desired {
  const scope = partName(deployment.cloud, "postgresql");
  const listening = LISTENING[isInMesh(deployment, "postgresql") ? "mesh" : "plain"];
  const { listen, pg_hba: rules, ...sockets } = listening.postgresql;
  const base = {
    scope,
    log: { level: "INFO" },
    restapi: { listen: listening.restapi },
    kubernetes: {
      use_endpoints: false,
      scope_label: SCOPE_LABEL,
      role_label: ROLE_LABEL,
      leader_label_value: PRIMARY,
      labels: selectorOf(deployment, "postgresql"),
    },
    bootstrap: {
      dcs: {
        ttl: LEASE_SECONDS,
        loop_wait: 5,
        retry_timeout: 5,
        synchronous_mode: true,
        // The primary goes on while the API server is away, if all of its standbys still hear it.
        failsafe_mode: true,
        maximum_lag_on_failover: 1_048_576,
        postgresql: {
          use_pg_rewind: true,
          use_slots: true,
          parameters: {
            max_connections: 200,
            shared_buffers: "64MB",
            wal_level: "replica",
            hot_standby: "on",
            wal_log_hints: "on",
            max_wal_senders: 10,
          },
        },
      },
      initdb: [{ encoding: "UTF8" }, { locale: "C.UTF-8" }, "data-checksums"],
    },
    postgresql: {
      listen,
      ...sockets,
      data_dir: `${DATA_FOLDER}/data`,
      pgpass: "/tmp/pgpass",
      parameters: { ...listening.parameters, password_encryption: "scram-sha-256" },
      authentication: { superuser: { username: "postgres" }, replication: { username: "replicator" } },
      pg_hba: rules,
    },
  };
  return child({
    deployment,
    part: "postgresql",
    apiVersion: "v1",
    kind: "ConfigMap",
    content: { data: { [FILES.base]: stringify(base) } },
  });
}

/** The same file's passwords. */
export function patroniPasswords(
  deployment: CloudDeployment,
  passwords: { readonly postgres: string; readonly replicator: string },
): Desired {
  const { postgres, replicator } = passwords;
  const text = stringify({
    postgresql: { authentication: { superuser: { password: postgres }, replication: { password: replicator } } },
  });
  return child({
    deployment,
    part: "postgresql",
    apiVersion: "v1",
    kind: "Secret",
    content: { type: "Opaque", data: secretData({ [FILES.passwords]: text }) },
  });
}

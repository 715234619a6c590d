import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CloudDeployment } from "../deployment.ts";
import { SOCKET, SOCKET_MODE } from "./mesh.ts";

/** Values of one section; a list stands for an option that is repeated. */
export type Section = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The text of an oslo.config file. */
export function osloConfig(sections: Readonly<Record<string, Section>>): string {
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).flatMap(([key, value]) =>
        (Array.isArray(value) ? value : [value]).map((each) => `${key} = ${String(each)}\n`),
      );
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** The name of a service, of its database, and of the user that it has there. */
export type Service = "keystone" | "barbican";
export const serviceFolder = (service: Service): string => `/etc/${service}`;
/** In a service's folder. */
export const AUTHORITY_FILE = "database-ca.crt";

/** Where a service listens for everybody who is not in the mesh, in clear text: tenants' pods, an edge that has no SVID. */
const LISTEN_ADDRESS = "0.0.0.0";
/** Asked by kubelet: the answer comes out of the database. */
export const READY_PATH = "/nephele/ready";
export const RUN_FOLDER = "/run/uwsgi";

export interface UwsgiOptions {
  readonly port: number;
  readonly wsgiFile: string;
  /** Whether a sidecar calls it, too, by a socket. */
  readonly inMesh: boolean;
}

/** uWSGI's file: a master, two workers, and ways to reload and to stop without a request lost. */
export function uwsgiConfig(options: UwsgiOptions): string {
  const lines = [
    "[uwsgi]",
    `http-socket = ${LISTEN_ADDRESS}:${options.port}`,
    ...(options.inMesh ? [`http-socket = ${SOCKET}`, `chmod-socket = ${SOCKET_MODE}`] : []),
    `wsgi-file = ${options.wsgiFile}`,
    "processes = 2",
    "master = true",
    // Each worker loads the application itself, so that a chain reload (`echo c` into the FIFO) takes new configuration.
    "lazy-apps = true",
    "thunder-lock = true",
    // So many may wait for a worker (the kernel's own limit is 4096): who finds no place is not answered for seconds.
    "listen = 1024",
    "need-app = true",
    "enable-threads = true",
    "vacuum = true",
    "buffer-size = 65535",
    `master-fifo = ${RUN_FOLDER}/fifo`,
    // What is in flight at SIGTERM is finished.
    "hook-master-start = unix_signal:15 gracefully_kill_them_all",
    // SIGHUP, the signal of a graceful end, does not end a worker that has yet to load the application, and the master waits
    // for its end without a limit: a pod that is told to go while one loads would stay until it is killed.
    "hook-post-fork = unix_signal:1 _exit",
    "worker-reload-mercy = 30",
    // uWSGI closes after each answer and does not say so: clients that keep connections would see resets.
    "add-header = Connection: close",
    "disable-logging = true",
  ];
  return `${lines.join("\n")}\n`;
}

/** What a service logs in to its database with. */
export interface DatabaseUser {
  readonly role: string;
  readonly password: string;
}

/** SQLAlchemy's address of a database. A connection to a primary that is gone is cut after seconds, not minutes. */
export function databaseUrl({ database }: CloudDeployment, service: Service, { role, password }: DatabaseUser): string {
  const { host, port } = database;
  const options = {
    connect_timeout: "3",
    tcp_user_timeout: "5000",
    keepalives_idle: "5",
    keepalives_interval: "2",
    keepalives_count: "3",
    ...(authorityOf(database) === undefined
      ? {}
      : { sslmode: "verify-full", sslrootcert: `${serviceFolder(service)}/${AUTHORITY_FILE}` }),
  };
  const where = host.includes(":") ? `[${host}]` : host;
  return `postgresql+psycopg2://${role}:${encodeURIComponent(password)}@${where}:${port}/${service}?${new URLSearchParams(options).toString()}`;
}

/** The core Secret and key with the authority that signed the database's certificate, where the Cloud names one. */
export function authorityOf(
  database: CloudDeployment["database"],
): { readonly name: string; readonly key: string } | undefined {
  return database.kind === "external" ? database.authority : undefined;
}

/** A Python program of ours that runs inside the images, after what it shares with others. */
export function program(...names: readonly string[]): string {
  return names.map((name) => readFileSync(join(import.meta.dirname, "..", "programs", name), "utf8")).join("\n\n");
}

/** What stands before a service's WSGI application in its program, and wraps it there. */
export const AROUND_WSGI = ["answered.py", "database_deadline.py", "mounted.py", "whole_body.py"] as const;

/** The same for both services: a pool that leaves room for every worker of every pod. */
export const DATABASE_POOL = { max_pool_size: 3, max_overflow: 5 } as const;
export const STRICT_POLICY = { enforce_scope: true, enforce_new_defaults: true } as const;

import { join } from "node:path";
import { writeWhole } from "../files.ts";
import type { ProcessSpec } from "../processes.ts";
import type { PythonEnvironment } from "./python-environment.ts";

/** One of the services under uWSGI. */
export interface WsgiService {
  readonly name: "keystone" | "barbican";
  /** The module and the name in it: `keystone.wsgi.api:application`. */
  readonly module: string;
  readonly port: number;
  /** Holds its configuration; the uWSGI file is written there. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The process of a service: a master and two workers. */
export function uwsgiProcess(python: PythonEnvironment, service: WsgiService): ProcessSpec {
  const file = join(service.folder, "uwsgi.ini");
  const lines = [
    "[uwsgi]",
    `http-socket = 127.0.0.1:${service.port}`,
    `module = ${service.module}`,
    "processes = 2",
    "master = true",
    // The master loads the application and forks: half the time of loading it in each worker. (No reload is needed here.)
    "lazy-apps = false",
    "thunder-lock = true",
    "need-app = true",
    "enable-threads = true",
    "die-on-term = true",
    "buffer-size = 65535",
    "disable-logging = true",
    // uWSGI closes after each answer but does not say so; clients that keep connections would see resets.
    "add-header = Connection: close",
  ];
  writeWhole(file, `${lines.join("\n")}\n`);
  return {
    name: service.name,
    command: python.bin("uwsgi"),
    args: ["--ini", file],
    cwd: service.folder,
    env: service.env,
    dependsOn: service.name === "keystone" ? ["postgres", "memcached"] : ["postgres", "memcached", "keystone"],
  };
}

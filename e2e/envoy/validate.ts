import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyBinary } from "./envoy.ts";

type Json = Readonly<Record<string, unknown>>;

/** Resources as protobuf's JSON, by kind. */
export interface Resources {
  readonly cluster: readonly Json[];
  readonly endpoint: readonly Json[];
  readonly secret: readonly Json[];
  readonly extensionConfig: readonly Json[];
  readonly listener: readonly Json[];
  readonly route: readonly Json[];
}

/**
 * What Envoy finds wrong with a whole configuration (`--mode validate`); undefined where it takes it. Resources that would
 * be fetched stand where they are named, or Envoy would not look at them (and for secrets over ADS Envoy 1.40 falls over).
 *
 * @param bootstrapClusters names of clusters that the proxies have from their bootstrap
 */
export async function envoyRefuses(
  resources: Resources,
  bootstrapClusters: readonly string[] = [],
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "envoy-validate-"));
  try {
    const file = join(folder, "envoy.json");
    writeFileSync(file, JSON.stringify(bootstrapOf(resources, bootstrapClusters)));
    const binary = await envoyBinary();
    return await new Promise((resolve) => {
      const options = { maxBuffer: 64 * 1024 * 1024 };
      execFile(binary, ["--mode", "validate", "-c", file, "-l", "error"], options, (error, _out, errors) =>
        resolve(error === null ? undefined : errors.trim() || error.message),
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bootstrapOf(resources: Resources, bootstrapClusters: readonly string[]): Json {
  const by = (list: readonly Json[], name: string): ReadonlyMap<unknown, Json> =>
    new Map(list.map((each) => [each[name], each]));
  const found = {
    endpoints: by(resources.endpoint, "clusterName"),
    routes: by(resources.route, "name"),
    extensions: by(resources.extensionConfig, "name"),
  };
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== "object" || value === null) return value;
    const message = value as Json;
    const result: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(message)) {
      const inner = each as Json;
      if (key === "rds") result["routeConfig"] = inline(found.routes.get(inner["routeConfigName"]));
      else if (key === "configDiscovery") {
        result["typedConfig"] = inline(found.extensions.get(message["name"])?.["typedConfig"]);
      } else if (key === "edsClusterConfig") {
        result["type"] = "STATIC";
        result["loadAssignment"] = found.endpoints.get(message["name"]);
      } else if (key === "sdsConfig" && inner["ads"] !== undefined) {
        // Without a source it is a secret of the bootstrap.
      } else if (!(key === "type" && each === "EDS")) result[key] = inline(each);
    }
    return result;
  };
  const bootstrap = bootstrapClusters.map((name) => ({ name, type: "STATIC", connectTimeout: "1s" }));
  const ads = {
    apiType: "DELTA_GRPC",
    transportApiVersion: "V3",
    grpcServices: [{ envoyGrpc: { clusterName: "xds" } }],
  };
  return {
    node: { id: "validated", cluster: "test" },
    // What names ADS must find it.
    dynamicResources: { adsConfig: ads },
    staticResources: {
      clusters: [
        {
          name: "xds",
          type: "STATIC",
          connectTimeout: "1s",
          typedExtensionProtocolOptions: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicitHttpConfig: { http2ProtocolOptions: {} },
            },
          },
        },
        ...bootstrap,
        ...resources.cluster.map(inline),
      ],
      secrets: resources.secret.map(inline),
      listeners: resources.listener.map(inline),
    },
  };
}

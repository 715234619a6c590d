import { describe, expect, test } from "vitest";
import { refusalOf as refusal } from "./sources.ts";

const refusalOf = (url: string, allowed?: readonly string[]) =>
  refusal(url, allowed, (name) => name === "default" || name === "14");

describe("without a list", () => {
  test.each([
    "https://cloud.debian.org/images/debian.qcow2",
    "http://images.example.org:8080/a",
    "https://93.184.215.14/a",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a",
    "http://[::ffff:93.184.215.14]/a",
    "http://[64:ff9b::93.184.215.14]/a",
    "docker://registry.example.org/disks/debian@sha256:00",
  ])("%s is taken", (url) => {
    expect(refusalOf(url)).toBeUndefined();
  });

  test.each([
    "http://localhost/a",
    "http://kubernetes/a",
    "http://kubernetes.default.svc/a",
    "http://kubernetes.default.svc./a",
    "https://kubernetes.default.svc.cluster.local/a",
    "https://kubernetes.default.svc.corp.example/a",
    "http://10-0-0-1.team-b.pod/a",
    "http://10-0-0-1.team-b.pod.corp.example/a",
    "http://vault.internal/a",
    "http://10.96.0.1/a",
    "http://127.1/a",
    "http://2130706433/a",
    "http://0x7f000001/a",
    "http://0177.0.0.1/a",
    "http://169.254.169.254/latest/meta-data",
    "http://192.168.1.1./a",
    "http://[::1]/a",
    "http://[fd00::1]/a",
    "http://[fe80::1]/a",
    "http://[::ffff:10.0.0.1]/a",
    "http://[64:ff9b::10.0.0.1]/a",
    "docker://registry:5000/disks/debian@sha256:00",
    "docker://10.0.0.1/disks/debian@sha256:00",
    "docker://2130706433/disks/debian@sha256:00",
  ])("%s is within private networks", (url) => {
    expect(refusalOf(url)).toContain("is within private networks");
  });
});

test.each(["http://kubernetes.default/a", "http://kubernetes.DEFAULT./a", "http://pod.kubernetes.default:8080/a"])(
  "%s may be a Service: a pod would look for it in that namespace first",
  (url) => {
    expect(refusalOf(url)).toContain("may be a Service of the namespace default");
    expect(refusalOf(url, ["http://*.default/", "http://*.default:8080/"])).toBeUndefined();
  },
);

describe("with a list", () => {
  const allowed = [
    "https://images.example.org/debian/",
    "http://disks.nephele-system.svc/",
    "https://*.mirror.example/",
    "docker://registry.example.org/disks/",
    "https://other.example:8443/",
    "http://[fd00::1]/",
  ];

  test.each([
    "https://images.example.org/debian/13/a.qcow2",
    "https://images.example.org:443/debian/a.qcow2",
    "https://IMAGES.example.org/debian/a.qcow2",
    "https://images.example.org/fedora/../debian/a.qcow2",
    "http://disks.nephele-system.svc/any/path%20of",
    "https://a.b.mirror.example/x",
    "docker://registry.example.org/disks/debian@sha256:00",
    "https://other.example:8443/a",
    "http://[fd00:0::1]/a",
  ])("%s is taken", (url) => {
    expect(refusalOf(url, allowed)).toBeUndefined();
  });

  test.each([
    ["another scheme", "http://images.example.org/debian/a"],
    ["another host", "https://cloud.debian.org/debian/a"],
    ["another path", "https://images.example.org/fedora/a"],
    ["a path that only begins alike", "https://images.example.org/debian-private/a"],
    ["a path that leads out", "https://images.example.org/debian/../private/a"],
    ["one that leads out in code", "https://images.example.org/debian/%2e%2e/private/a"],
    ["one that a server may read so", "https://images.example.org/debian/..%2Fprivate/a"],
    ["another port", "https://images.example.org:8443/debian/a"],
    ["the domain of a wildcard itself", "https://mirror.example/x"],
    ["a name that only ends alike", "https://evil-mirror.example/x"],
    ["a registry's other folder", "docker://registry.example.org/private/debian@sha256:00"],
    ["a registry by another scheme", "https://registry.example.org/disks/debian"],
  ])("%s is not taken", (_, url) => {
    expect(refusalOf(url, allowed)).toContain("is none of the addresses that Images may be imported from");
  });

  test("an empty one lets nothing through", () => {
    expect(refusalOf("https://cloud.debian.org/a", [])).toBeDefined();
  });
});

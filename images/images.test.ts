import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { belongsInImage, checkout, chooseImages, imageSpecs, referenceOf } from "./images.ts";

describe("names", () => {
  test.each([
    ["a name alone is every release", ["keystone"], ["keystone:2025.1", "keystone:2026.1", "keystone:2026.2"]],
    ["a name with a tag is one", ["barbican:2026.2"], ["barbican:2026.2"]],
    ["what is named twice is there once", ["memcached", "memcached:1.6"], ["memcached:1.6"]],
  ])("%s", (_says, names, chosen) => {
    expect(chooseImages(names).map(({ name, tag }) => `${name}:${tag}`)).toEqual(chosen);
  });

  test("all is all", () => expect(chooseImages(["all"])).toEqual(imageSpecs));

  test("an unknown one is answered by those that there are", () => {
    expect(() => chooseImages(["keystone:2024.1"])).toThrow(
      /no image keystone:2024\.1; there are: memcached:1\.6, .*keystone:2026\.2/,
    );
  });

  test("a reference names the registry, the project, the image and its tag", () => {
    expect(referenceOf({ name: "keystone", tag: "2026.2" })).toBe("docker.io/nephele/keystone:2026.2");
  });
});

describe.each(imageSpecs)("$name:$tag", ({ name, args, inputs, needsNode, programs }) => {
  const dockerfile = readFileSync(join(checkout, "images", name, "Dockerfile"), "utf8");

  test("has all that its Dockerfile copies among its inputs, so that the key changes with each", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$|type=bind,source=(\S+?),/gm)]
      .flatMap(([, files, bound]) => (files ?? bound ?? "").split(" "))
      .map((path) => path.replace(/\$\{(\w+)\}/g, (_whole, variable: string) => args[variable] ?? ""));
    expect(copied.length).toBeGreaterThan(0);
    const foreign = copied.filter(
      (path) => !inputs.some((input) => `${path}/`.startsWith(`${input.replace(/\/$/, "")}/`)),
    );
    const given = (path: string): boolean =>
      (needsNode && path.startsWith("packages/")) ||
      (programs?.names ?? []).some((each) => path === `programs/${each}`);
    expect(foreign.filter((path) => !given(path))).toEqual([]);
    expect(inputs.some((input) => `images/${name}/Dockerfile`.startsWith(input))).toBe(true);
  });

  test("ends with a run that shows that the program loads", () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(last).toMatch(/^USER [1-9]\d*:[1-9]\d*\n(?:.*\n)*RUN /m);
  });
});

test.each([
  ["operator/main.ts", true],
  ["xds-control-plane/proto/generated/envoy.binpb", true],
  ["xds-control-plane/conformance", false],
  ["authorization/policy/worker.ts", true],
  ["authorization/testing/tiny-policy.ts", false],
  ["xds-control-plane/translate/cases/tls.ts", false],
  ["crds/cloud.yaml", true],
  ["images/keystone/requirements/2026.2.txt", true],
  ["operator/flags.test.ts", false],
  ["operator/secret/testing", false],
  ["operator/cloud/children/golden", false],
  ["operator/secret/testing/specs.ts", false],
  ["crds/cases/cloud.ts", false],
  ["crds/policies/roles.yaml", false],
  ["crds/rules.control.test.ts", false],
  ["runtime/README.md", false],
])("%s is copied: %s", (path, copied) => {
  expect(belongsInImage(path)).toBe(copied);
});

import { describe, expect, test } from "vitest";
import { type Exceptions, markdownOf, matrixOf, placesOf, problemsOf, type Report } from "./matrix-table.ts";

function result(path: string, status = "passed") {
  const titles = path.split(" > ");
  return { ancestorTitles: titles.slice(0, -1), title: titles.at(-1) ?? "", status };
}
function report(...tests: ReturnType<typeof result>[]): Report {
  return { testResults: [{ assertionResults: tests }] };
}
const exceptions: Exceptions = {
  Flavor: { update: "A Flavor's spec is immutable; that a change is refused is a rule's test." },
};

describe("the cell of a test", () => {
  test.each([
    ["secret > create-minimal: a passphrase is made", "Secret", "create-minimal"],
    ["Secret > delete: nothing is left", "Secret", "delete"],
    ["project > dependency missing: an unknown domain is waited for by name", "Project", "dependency-missing"],
    ["project > import/adopt: a Keystone project is taken over", "Project", "import-or-adopt"],
    ["project > adopt: a Keystone project is taken over", "Project", "import-or-adopt"],
    ["server > service-down > Keystone is away", "Server", "service-down"],
    ["image: retain: x", "Image", "retain"],
  ])("%s is %s × %s", (path, kind, scenario) => {
    expect(placesOf(result(path))).toEqual([{ kind, scenario }]);
  });

  test.each([
    ["manager > paused: an object is left alone"],
    ["secret > a name that is too long is refused"],
    ["secrets > delete: plural"],
  ])("%s is in none", (path) => {
    expect(placesOf(result(path))).toEqual([]);
  });

  test("may be two cells", () => {
    const scenarios = placesOf(result("cloud > import/adopt, retain: nothing changes")).map(({ scenario }) => scenario);
    expect(scenarios).toEqual(["import-or-adopt", "retain"]);
    expect(placesOf(result("cloud > retain, or not: x"))).toEqual([]);
  });
});

describe("the matrix", () => {
  test("counts what passes in all reports", () => {
    const matrix = matrixOf([report(result("secret > update: a")), report(result("secret > update: b"))], {});
    expect(matrix.Secret.update).toEqual({ kind: "shown", tests: 2 });
  });

  test.each(["failed", "skipped", "todo", "pending"])(
    "a test that is %s makes its cell red beside one that passes",
    (status) => {
      const matrix = matrixOf([report(result("secret > update: a"), result("secret > update: b", status))], {});
      expect(matrix.Secret.update).toEqual({ kind: "failed", tests: ["update: b"] });
      expect(problemsOf(matrix)).toContain("Secret fails update: update: b");
    },
  );

  test("an empty cell is a problem that names kind and scenario", () => {
    expect(problemsOf(matrixOf([], {}))).toHaveLength(7 * 13);
    expect(problemsOf(matrixOf([], {}))[0]).toContain("Cloud has no passing test of create-minimal");
  });

  test("an exception says why a cell cannot be, and a test outweighs it", () => {
    expect(matrixOf([], exceptions).Flavor.update.kind).toBe("cannot be");
    expect(matrixOf([report(result("flavor > update: x"))], exceptions).Flavor.update.kind).toBe("shown");
  });

  test("the page has numbers, red cells and notes", () => {
    const page = markdownOf(matrixOf([report(result("flavor > delete: x"))], exceptions));
    expect(page).toContain("| update | **empty** | **empty** | — [1] | **empty** |");
    expect(page).toContain("| delete | **empty** | **empty** | 1 | **empty** |");
    expect(page).toContain("1. Flavor, update: A Flavor's spec is immutable");
  });
});

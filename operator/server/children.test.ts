import { describe, expect, test } from "vitest";
import { filesMark, filesRevision, filesSecret, hostnameOf, serviceFor, userDataMark } from "./children.ts";
import { aServer } from "./fixtures.ts";

const file = (path: string, name: string, mode = "0400") => ({ path, mode, secretRef: { name } });
const files = [
  { file: file("/etc/b", "two", "0440"), version: 1, id: "b2" },
  { file: file("/etc/a", "one"), version: 3, id: "a1" },
];

describe("the files' core Secret", () => {
  const secret = filesSecret(aServer(), files, (name) => Buffer.from(`payload of ${name}`));
  const data = secret["data"] as Readonly<Record<string, string>>;
  const plain = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();

  test("holds each payload and a list that says where it belongs", () => {
    expect(plain("manifest")).toBe("file-1 0400 /etc/a\nfile-2 0440 /etc/b\n");
    expect(plain("file-1")).toBe("payload of one");
    expect(plain("file-2")).toBe("payload of two");
  });

  test("says by names, versions and ids alone what it was made from", () => {
    expect(secret.metadata.annotations).toEqual({
      "nephele.dev/made-from": '[["one",3,"a1","0400","/etc/a"],["two",1,"b2","0440","/etc/b"]]',
    });
    expect(JSON.stringify(secret.metadata)).not.toContain("payload");
  });

  test("can never be a source, and goes with the Server", () => {
    expect(secret.metadata.labels).toMatchObject({ "nephele.dev/managed-by": "server" });
    expect(secret.metadata.ownerReferences).toMatchObject([{ kind: "Server", uid: "uid-web-1", controller: true }]);
  });

  test("another version is another revision, another order of the list is not", () => {
    expect(filesMark(files.toReversed())).toBe(filesMark(files));
    const newer = files.map((each) => ({ ...each, version: each.version + 1 }));
    expect(filesRevision(filesMark(newer))).not.toBe(filesRevision(filesMark(files)));
  });

  test("the same version of a Secret that was deleted and made anew is another revision", () => {
    const anew = files.map((each) => (each.version === 1 ? { ...each, id: "another" } : each));
    expect(filesMark(anew)).not.toBe(filesMark(files));
    expect(filesRevision(filesMark(anew))).not.toBe(filesRevision(filesMark(files)));
  });
});

test("the mark of user data changes with its source and with our part", () => {
  const marks = [userDataMark("u/1", { a: 1 }), userDataMark("u/2", { a: 1 }), userDataMark("u/1", { a: 2 })];
  expect(new Set(marks).size).toBe(3);
});

test("the lasting name is a Service without an address, which finds the launcher by the Server's label", () => {
  expect(serviceFor(aServer())["spec"]).toEqual({
    clusterIP: "None",
    publishNotReadyAddresses: true,
    selector: { "nephele.dev/server": "web-1" },
  });
  expect(hostnameOf(aServer(), "cluster.local")).toBe("web-1.team-a.svc.cluster.local");
});

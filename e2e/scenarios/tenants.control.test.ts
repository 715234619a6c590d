import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { Said } from "#e2e/harness/run.ts";
import { coreSecrets, dataVolumes, persistentVolumeClaims, pods, virtualMachines } from "#operator/api/foreign.ts";
import { images, projects, secrets, servers } from "#operator/api/resources.ts";
import { openTenantBed, type Person, type TenantBed } from "./tenant-bed.ts";

// Two Projects whose members act with rights of their own: by kubectl with a client certificate, and by the stock
// openstack client. What one may not do is refused in words; beside it stands who can.

let bed: TenantBed;
/** A manager, so as strong as a member can be. */
let alice: Person;
let bob: Person;
/** Of a Project with `workloads`. */
let carol: Person;
let small: string;

beforeAll(async () => {
  bed = await openTenantBed();
  alice = await bed.person("manager");
  bob = await bed.person("member");
  carol = await bed.person("manager", { workloads: true });
  small = await bed.flavor("small");
}, 180_000);
afterAll(() => bed?.close(), 180_000);

const refused = (said: Said, words: RegExp): void => {
  expect(said.text).toMatch(words);
  expect(said.ok).toBe(false);
};
const accepted = (said: Said): void => expect(said.ok, said.text).toBe(true);
const at = (person: Person, name: string) => ({ namespace: person.name, name });
const invalid = { type: "Stalled", status: "True", reason: "InvalidConfiguration" } as const;
const passphrase = (source: object) => ({ type: "passphrase", source, protected: false });
const core = (name: string, data: object = { k: "djE=" }) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  data,
});
const pod = (name: string, labels: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels },
  spec: { containers: [{ name: "main", image: "example.org/none:1" }] },
});

/** Stores a secret by the stock client. @returns its reference in Barbican */
async function stored(by: Person, name: string): Promise<string> {
  const said = await by.openstack(
    ...["secret", "store", "--name", name, "--payload", "hush", "-f", "value", "-c", "Secret href"],
  );
  accepted(said);
  return said.text.trim();
}

describe("what is the other's", () => {
  test("a secret of the other's in Barbican cannot be imported; its owner can", async () => {
    const source = { import: { id: (await stored(bob, "bobs")).split("/").at(-1) } };
    accepted(await alice.apply("Secret", "bobs", passphrase(source)));
    const message = /spec.source.import.id: Project .* has no secret/;
    await untilCondition(bed.kube, secrets, at(alice, "bobs"), { ...invalid, message });
    accepted(await bob.apply("Secret", "bobs", { ...passphrase(source), type: "opaque" }));
    await untilReady(bed.kube, secrets, at(bob, "bobs"));
  });

  test("an Image of the other's does not exist until it is shared by name", async () => {
    await alice.activeImage("golden");
    const spec = { flavorRef: { name: small }, imageRef: { namespace: alice.name, name: "golden" } };
    accepted(await bob.apply("Server", "borrower", spec));
    await untilCondition(bed.kube, servers, at(bob, "borrower"), { ...invalid, message: /there is no Image/ });
    refused(
      await bob.kubectl(["get", "images.nephele.dev", "golden", "-n", alice.name]),
      /forbidden.*cannot get resource/is,
    );
    const shared = JSON.stringify({ spec: { visibility: "Shared", sharedWith: [bob.name] } });
    accepted(
      await alice.kubectl(["patch", "images.nephele.dev", "golden", "-n", alice.name, "--type=merge", "-p", shared]),
    );
    await eventually("the machine", () => bed.kube.get(virtualMachines, at(bob, "borrower")));
    await untilCondition(bed.kube, images, at(alice, "golden"), { type: "Shared", status: "True" });
  });

  test("an upload is for the Image's own Project: only there CDI gives a token", async () => {
    accepted(await bob.apply("Image", "uploaded", { source: { upload: {} }, minDisk: "1Gi" }));
    await eventually("the claim to upload into", () => bed.kube.get(persistentVolumeClaims, at(bob, "uploaded")));
    const token = { apiVersion: "upload.cdi.kubevirt.io/v1beta1", kind: "UploadTokenRequest" };
    const request = { ...token, metadata: at(bob, "uploaded"), spec: { pvcName: "uploaded" } };
    // The token itself is not printed.
    const asks = ["create", "--validate=false", "-f", "-", "-o", "jsonpath={.spec.pvcName}"];
    refused(await alice.kubectl(asks, request), /forbidden/i);
    const given = await bob.kubectl(asks, request);
    accepted(given);
    expect(given.text).toBe("uploaded");
    accepted(await bob.kubectl(["get", "datavolumes", "uploaded", "-n", bob.name]));
  });

  test.each(["servers", "secrets.nephele.dev", "images.nephele.dev", "secrets", "pods", "virtualmachines", "events"])(
    "%s in the other's namespace cannot be read",
    async (kind) => {
      refused(
        await alice.kubectl(["get", kind, "-n", bob.name]),
        /forbidden.*cannot list resource.*in the namespace/is,
      );
    },
  );

  test("the other's project in OpenStack is closed to the application credential, and its own is open", async () => {
    const href = await stored(bob, "private");
    refused(await alice.openstack("secret", "get", href), /Forbidden|403/);
    refused(await alice.openstack("--os-project-id", bob.projectId, "token", "issue"), /401|authentication|scope/i);
    refused(await alice.openstack("project", "show", bob.projectId), /No project|403|not authorized/i);
    accepted(await bob.openstack("secret", "get", href));
  });

  test("the other's namespace cannot be claimed by another Project; its own keeps it", async () => {
    await bed.apply(`${alice.name}-x`, { namespace: bob.name });
    const message = new RegExp(`spec.namespace: the namespace ${bob.name} belongs to the Project ${bob.name}`);
    await untilCondition(bed.kube, projects, { name: `${alice.name}-x` }, { ...invalid, message });
    const consent = `nephele.dev/project=${alice.name}-x`;
    refused(await bob.kubectl(["annotate", "--overwrite", "namespace", bob.name, consent]), /forbidden/i);
    await untilReady(bed.kube, projects, { name: bob.name });
  });
});

describe("what is not for members", () => {
  test.each(["secrets", "pods", "virtualmachines", "virtualmachineinstances"])(
    "%s of one's own namespace cannot be read",
    async (kind) => {
      refused(await alice.kubectl(["get", kind, "-n", alice.name]), /forbidden.*cannot list resource/is);
    },
  );

  test("the disk of a Server or an Image cannot be deleted; one that outlasted its Server can, and is found", async () => {
    await bob.activeImage("base");
    const rootDisk = { onServerDelete: "Retain" };
    await bob.runningServer("keeper", { flavorRef: { name: small }, imageRef: { name: "base" }, rootDisk });
    const remove = (person: Person, name: string) =>
      person.kubectl(["delete", "datavolume", name, "-n", bob.name, "--wait=false"]);
    for (const name of ["base", "keeper-root-1"])
      refused(await remove(bob, name), /is not a disk that outlasted its Server: it goes with the Server or Image/);
    await bed.kube.delete(servers, at(bob, "keeper"));
    await untilGone(bed.kube, virtualMachines, at(bob, "keeper"));
    const listed = ["get", "datavolumes", "-n", bob.name, "-l", "nephele.dev/retained-from", "-o", "name"];
    expect((await bob.kubectl(listed)).text.trim()).toBe("datavolume.cdi.kubevirt.io/keeper-root-1");
    refused(await remove(alice, "keeper-root-1"), /forbidden.*cannot delete resource/is);
    refused(
      await bob.kubectl(["label", "datavolume", "base", "-n", bob.name, "nephele.dev/retained-from=x"]),
      /forbidden/i,
    );
    accepted(await remove(bob, "keeper-root-1"));
    await untilGone(bed.kube, dataVolumes, at(bob, "keeper-root-1"));
    await untilGone(bed.kube, persistentVolumeClaims, at(bob, "keeper-root-1"));
  });

  test("one's own Servers, Secrets, Images and events can be read, and the log of a launcher", async () => {
    for (const kind of ["servers", "secrets.nephele.dev", "images.nephele.dev", "events", "rolebindings"])
      accepted(await alice.kubectl(["get", kind, "-n", alice.name]));
    const launcher = { ...pod("virt-launcher", {}), metadata: { namespace: alice.name, name: "virt-launcher" } };
    await bed.kube.create(pods, launcher);
    // There is no kubelet that could answer; that the question gets so far is the right.
    const log = ["get", "--raw", `/api/v1/namespaces/${alice.name}/pods/virt-launcher/log`];
    refused(await alice.kubectl(log), /^(?!.*[Ff]orbidden)/s);
    refused(await bob.kubectl(log), /forbidden/i);
  });

  test.each([
    ["a Secret's source", "Secret", passphrase({ secretKeyRef: { name: "hidden", key: "k" } })],
    [
      "a Server's user data",
      "Server",
      { flavorRef: { name: "f" }, imageRef: { name: "i" }, userData: { secretKeyRef: { name: "hidden", key: "k" } } },
    ],
  ])("a core Secret that the writer may not read is no %s; who may read it can name it", async (_what, kind, spec) => {
    for (const person of [alice, carol]) {
      const secret = core("hidden");
      await bed.kube.apply(coreSecrets, { ...secret, metadata: at(person, "hidden") }, { fieldOwner: "test" });
    }
    refused(
      await alice.apply(kind, "reader", spec),
      /you may not read the core Secret hidden in namespace .*, so you may not name it/,
    );
    accepted(await carol.apply(kind, "reader", spec));
  });

  test("the role admin is given to nobody: by no Project, and not by a manager in Keystone", async () => {
    const members = [{ user: alice.user, domain: bed.domain.name, role: "admin" as unknown as "manager" }];
    await expect(bed.apply(`${alice.name}-admin`, { members })).rejects.toThrow(
      /role.*admin.*reader.*member.*manager/s,
    );
    const toAdmin = ["role", "add", "--project", alice.projectId, "--user", alice.user, "admin"];
    // The stock client says nothing of Keystone's refusal: what counts is what Keystone has.
    await alice.openstackByPassword(...toAdmin);
    const administrator = (await bed.cloud.keystone().roles.findByName("admin"))?.id;
    const given = await bed.cloud.keystone().assignments.listForProject(alice.projectId);
    expect(administrator).toBeDefined();
    expect(given.map(({ roleId }) => roleId)).not.toContain(administrator);
    accepted(await alice.openstackByPassword("token", "issue"));
  });

  test("our RoleBindings cannot be edited, and a Project cannot be made or changed", async () => {
    const everything = ["--clusterrole=cluster-admin", `--user=${alice.user}`];
    refused(await alice.kubectl(["create", "rolebinding", "more", "-n", alice.name, ...everything]), /forbidden/i);
    const subjects = JSON.stringify({ subjects: [{ kind: "User", name: bob.user }] });
    const edit = ["patch", "rolebinding", "nephele:project-operator", "-n", alice.name, "--type=merge", "-p", subjects];
    refused(await alice.kubectl(edit), /forbidden/i);
    const more = JSON.stringify({ spec: { quota: { servers: 1000 } } });
    refused(
      await alice.kubectl(["patch", "projects.nephele.dev", alice.name, "--type=merge", "-p", more]),
      /forbidden/i,
    );
  });

  test("a finalizer of ours stays until its work is done; other metadata is the member's", async () => {
    accepted(await alice.apply("Secret", "held", passphrase({ generate: { length: 20 } })));
    await untilReady(bed.kube, secrets, at(alice, "held"));
    const patch = (metadata: object) => {
      const text = JSON.stringify({ metadata });
      return alice.kubectl(["patch", "secrets.nephele.dev", "held", "-n", alice.name, "--type=merge", "-p", text]);
    };
    refused(await patch({ finalizers: null }), /the finalizers nephele.dev\/\* of Secret held are the operator's/);
    accepted(await patch({ labels: { mine: "yes" } }));
    accepted(await alice.kubectl(["delete", "secrets.nephele.dev", "held", "-n", alice.name, "--timeout=40s"]));
  });
});

describe("what a tenant's own workloads may not say", () => {
  const apply = (object: object): Promise<Said> => carol.kubectl(["apply", "-n", carol.name, "-f", "-"], object);

  test("a pod that calls itself an importer, and would so get out, is refused; another pod is not", async () => {
    const words = /the label cdi.kubevirt.io of a pod is for CDI alone/;
    refused(await apply(pod("pirate", { "cdi.kubevirt.io": "importer" })), words);
    accepted(await apply(pod("honest", { app: "honest" })));
    refused(await carol.kubectl(["label", "pod", "honest", "-n", carol.name, "cdi.kubevirt.io=importer"]), words);
  });

  test("an importer of CDI's is not taken over, and not entered", async () => {
    await carol.image("fetched");
    await eventually("the importer", () => bed.kube.get(pods, at(carol, "importer-fetched")));
    const other = ["set", "image", "pod/importer-fetched", "-n", carol.name, "importer=example.org/mine:1"];
    refused(await carol.kubectl(other), /this pod is CDI's: only CDI may change it/);
    refused(
      await carol.kubectl(["exec", "importer-fetched", "-n", carol.name, "--", "sh"]),
      /pods named importer-\*, cdi-upload-\* and \*-source-pod are CDI's/,
    );
    await apply(pod("shell", {}));
    refused(await carol.kubectl(["exec", "shell", "-n", carol.name, "--", "sh"]), /^(?!.*CDI)/s);
  });

  test("a claim that has CDI fetch from anywhere is refused; a plain one is not", async () => {
    const claim = (name: string, annotations: object) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, annotations },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    const endpoint = { "cdi.kubevirt.io/storage.import.endpoint": "http://10.0.0.1/secret" };
    refused(
      await apply(claim("fetcher", endpoint)),
      /annotations cdi.kubevirt.io\/\* and k8s.io\/Clone\* of a claim are for CDI alone/,
    );
    accepted(await apply(claim("plain", { note: "mine" })));
  });

  test("a Service that draws in foreign addresses is refused; a plain one is not", async () => {
    const service = (name: string, more: object) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { selector: { app: "honest" }, ports: [{ port: 80 }], ...more },
    });
    refused(await apply(service("thief", { externalIPs: ["192.0.2.1"] })), /spec.externalIPs of a Service/);
    accepted(await apply(service("plain", {})));
  });
});

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { guestScript } from "./guest-script.ts";
import { type ReadUserData, readUserData } from "./testing/cloud-init.ts";
import { CONFIGS, WRONG } from "./testing/user-data-forms.ts";
import { mergeUserData } from "./user-data.ts";

const OURS = "ssh-ed25519 OURS";
const script = guestScript({ files: true, links: true, metadata: { role: "web" } }) ?? "";
const THEIRS = "#cloud-config\nssh_authorized_keys: [theirs]\nbootcmd: [[ls]]\nusers: [default]\n";
const part = (type: string, text: string): string => `--b\nContent-Type: ${type}\n\n${text}\n`;
const multipart = [
  'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n',
  part("text/cloud-config", "#cloud-config\nssh_authorized_keys: [theirs]\npackages: [one]\n"),
  part("text/x-shellscript", "#!/bin/sh\necho theirs"),
  "--b--\n",
].join("");

interface Form {
  readonly name: string;
  readonly user: string | Buffer;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly script?: string;
  readonly boothook?: string;
}

/** Every form of user data in cloud-init's documentation that can be read without a network. */
const FORMS: readonly Form[] = [
  {
    name: "cloud-config",
    user: THEIRS,
    config: { ssh_authorized_keys: ["theirs", OURS], bootcmd: [["ls"]], users: ["default"] },
  },
  {
    name: "cloud-config without keys",
    user: "#cloud-config\npackages: [one]\n",
    config: { packages: ["one"], ssh_authorized_keys: [OURS] },
  },
  {
    name: "cloud-config with a merge rule of its own",
    user: "#cloud-config\nmerge_how: 'list(replace)+dict(replace)'\nssh_authorized_keys: [theirs]\n",
    config: { ssh_authorized_keys: ["theirs", OURS] },
  },
  {
    name: "a template",
    user: "## template: jinja\n#cloud-config\nhostname: h-{{ v1.local_hostname }}\n",
    config: { hostname: "h-web-1", ssh_authorized_keys: [OURS] },
  },
  { name: "a script", user: "#!/bin/bash\necho theirs\n", script: "echo theirs" },
  { name: "a script with Windows' line ends", user: "#!/bin/sh\r\necho theirs\r\n", script: "echo theirs" },
  { name: "a boothook", user: "#cloud-boothook\n#!/bin/sh\necho theirs\n", boothook: "echo theirs" },
  {
    name: "an archive",
    user: "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    #cloud-config\n    packages: [one]\n- '#!/bin/sh\n\n  echo theirs'\n",
    config: { packages: ["one"], ssh_authorized_keys: [OURS] },
    script: "echo theirs",
  },
  {
    name: "a message with parts",
    user: multipart,
    config: { packages: ["one"], ssh_authorized_keys: ["theirs", OURS] },
    script: "echo theirs",
  },
  {
    name: "a message with parts and Windows' line ends",
    user: multipart.replaceAll("\n", "\r\n"),
    config: { packages: ["one"], ssh_authorized_keys: ["theirs", OURS] },
    script: "echo theirs",
  },
  { name: "a packed script", user: gzipSync("#!/bin/sh\necho theirs\n"), script: "echo theirs" },
  {
    name: "a packed message with parts",
    user: gzipSync(multipart),
    config: { packages: ["one"], ssh_authorized_keys: ["theirs", OURS] },
    script: "echo theirs",
  },
  {
    name: "a large script, which is packed as a whole",
    user: `#!/bin/sh\necho theirs\n# ${"x".repeat(400_000)}\n`,
    script: "echo theirs",
  },
  {
    name: "letters beyond ASCII",
    user: "#cloud-config\nhostname: käse\n",
    config: { hostname: "käse", ssh_authorized_keys: [OURS] },
  },
];

const INCLUDE = "#include\nfile:///nowhere\n";

describe("server: merged user data, read by Debian's cloud-init", () => {
  const seen = new Map<string | Buffer, ReadUserData | { readonly error: string }>();

  beforeAll(async () => {
    const users = [...FORMS.map(({ user }) => user), INCLUDE];
    const whole = users.map((user) => merged({ user: Buffer.from(user), script, sshKeys: [OURS] }));
    const withoutRule = merged({ user: Buffer.from(THEIRS), sshKeys: [OURS] })
      .toString()
      .replace(/^Merge-Type:.*\n/m, "");
    const read = await readUserData([...whole, Buffer.from(withoutRule)]);
    for (const [at, user] of [...users, "without rule"].entries()) {
      const came = read[at];
      if (came !== undefined) seen.set(user, came);
    }
  });

  test.each(FORMS)("$name works as it does alone, and so does our part", (form) => {
    const { boothooks, config, scripts } = whatCameOf(form.user);
    expect(boothooks[0]).toContain("Written by Nephele");
    expect(config).toEqual(form.config ?? { ssh_authorized_keys: [OURS] });
    expect(scripts.join("\n")).toContain(form.script ?? "");
    expect(scripts).toHaveLength(form.script === undefined ? 0 : 1);
    expect(boothooks.slice(1).join("\n")).toContain(form.boothook ?? "");
    expect(boothooks).toHaveLength(form.boothook === undefined ? 1 : 2);
  });

  test("an include stays an include: cloud-init goes for it by itself", () => {
    expect(seen.get(INCLUDE)).toMatchObject({ error: expect.stringContaining("nowhere") });
  });

  test("without our merge rule the keys are lost: the rule is needed, and this test can see it", () => {
    expect(whatCameOf("without rule").config).not.toMatchObject({ ssh_authorized_keys: ["theirs", OURS] });
  });

  function whatCameOf(user: string | Buffer): ReadUserData {
    const came = seen.get(user);
    if (came === undefined || "error" in came) throw new Error(came?.error ?? "it was not read");
    return came;
  }
});

describe("server: user data as it is, read by Debian's cloud-init", () => {
  const texts = [...CONFIGS, ...WRONG.map(([text]) => text)];
  let read: Awaited<ReturnType<typeof readUserData>>;
  beforeAll(async () => {
    read = await readUserData(texts.map((text) => Buffer.from(text)));
  });

  test.each(CONFIGS)("%j is read, and nothing is said against it", (text) => {
    const came = read[texts.indexOf(text)];
    expect(came).not.toHaveProperty("error");
    expect((came as ReadUserData).config).not.toEqual({});
    expect((came as ReadUserData).config).not.toBeNull();
  });

  test.each(WRONG)("%j comes to nothing, and is refused", (text) => {
    const came = read[texts.indexOf(text)];
    if (came !== undefined && "error" in came) return;
    expect({ config: came?.config ?? {}, scripts: came?.scripts, boothooks: came?.boothooks }).toEqual({
      config: {},
      scripts: [],
      boothooks: [],
    });
  });
});

function merged(parts: Parameters<typeof mergeUserData>[0]): Buffer {
  const result = mergeUserData(parts);
  if (result.kind === "refused") throw new Error(result.problem);
  return result.bytes;
}

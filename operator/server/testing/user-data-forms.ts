/** User data as people write it, for what is said of it and for what cloud-init makes of it. */

/** cloud-config that has something in it. */
export const CONFIGS = [
  "#cloud-config\npackages: [nginx]\n",
  "\n  #Cloud-Config\na: 1\n",
  "#cloud-config\na: 1\na: 2\n",
  "#cloud-config\nbase: &base {a: 1}\nmore: {<<: *base, b: yes}\n",
  '#cloud-config\nkey: "one\ntwo"\nmore: x\n',
  "#cloud-config\nlist: [\na,\nb]\nmore: x\n",
  '#cloud-config\nlist:\n- "x"#note\n',
] as const;

/** What is wrong, and what is said of it. */
export const WRONG: readonly (readonly [data: string, problem: RegExp])[] = [
  ["packages: [nginx]\n", /^it begins with none of #cloud-config, #!, .*cloud-init would pass over it$/],
  ['{"ignition": {}}', /^it begins with none of/],
  ["\uFEFF#cloud-config\na: 1\n", /^it begins with none of/],
  ["#cloud-config\n\tpassword: hunter2\n", /^its cloud-config is no YAML at line 2, column \d+ \([A-Z_]+\)$/],
  ["#cloud-config\nkey: hunter2: x\n", /^its cloud-config is no YAML at line 2/],
  ["#cloud-config\n- a\n", /^its cloud-config is no mapping of keys to values$/],
  ["#cloud-config\njust words\n", /^its cloud-config is no mapping/],
  ["#cloud-config\na: 1\n---\nb: 2\n", /^its cloud-config is no YAML at line 3.*MULTIPLE_DOCS/],
];

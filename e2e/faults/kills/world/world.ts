/** One thing that is there, as the service tells it. */
export interface Thing {
  /** `Barbican secret`, `Kubernetes VirtualMachine.kubevirt.io`. */
  readonly what: string;
  readonly name: string;
  readonly is: unknown;
}

/** What a service told: things, and words for the ids in them. */
export interface Told {
  readonly things: readonly Thing[];
  /** What an id stands for, by id: `<user nephele-kills-team-1>`. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * All that is there, by kind and name, without what differs from one run to the next: ids are replaced by what they
 * stand for, times and random values by a word. Two runs that end alike give the same.
 */
export type World = Readonly<Record<string, unknown>>;

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?/g;
const ID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g;
const CONTENT = /sha256:[0-9a-f]{64}/g;
/**
 * Keyed or salted with what no other run has: message authentication codes, marks of what something was made from or
 * applied as, hashes of what is wanted with its names in it, addresses of network cards, tokens.
 */
const SALTED = /(^|[-./])(mac|made-from|applied|macAddress|token)$|^nephele\.dev\/(content|configuration)$/i;

/** @param names what the things of this run are called, by what they are called in every run */
export function worldOf(told: readonly Told[], names: ReadonlyMap<string, string>): World {
  const ids = new Map(told.flatMap((each) => [...each.ids]));
  const word = (text: string): string => {
    const known = text.replaceAll(CONTENT, (content) => ids.get(content) ?? "<other content>");
    const spoken = known.replaceAll(ID, (id) => ids.get(id) ?? "<an id>").replaceAll(TIME, "<time>");
    return [...names].reduce((so, [name, always]) => so.replaceAll(name, always), spoken);
  };
  const things = told
    .flatMap((each) => each.things)
    // Twice: what an id stands for may hold an id itself.
    .map(({ what, name, is }): [string, unknown] => [
      word(word(`${what} ${name}`)),
      plain(is, (text) => word(word(text))),
    ])
    .toSorted(([a, one], [b, other]) => a.localeCompare(b) || JSON.stringify(one).localeCompare(JSON.stringify(other)));
  const world: Record<string, unknown> = {};
  for (const [key, is] of things) {
    let free = key;
    for (let count = 2; free in world; count += 1) free = `${key} #${count}`;
    world[free] = is;
  }
  return world;
}

/** The value with every text replaced, and keys in order. */
function plain(value: unknown, word: (text: string) => string): unknown {
  if (typeof value === "string") return word(value);
  if (Array.isArray(value)) return value.map((each) => plain(each, word));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]): [string, unknown] => [word(key), SALTED.test(key) ? "<salted>" : plain(each, word)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

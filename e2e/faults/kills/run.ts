import { eventually } from "#e2e/harness/eventually.ts";
import type { Write } from "../proxy.ts";
import type { KillBed } from "./bed.ts";
import type { LifeBed } from "./life-bed.ts";
import { type Counts, type KillPoint, PointsLeft } from "./lives.ts";
import { type Service, services, writeText } from "./services.ts";
import type { Phase, Subject } from "./subject.ts";
import { difference, differenceText } from "./world/difference.ts";
import type { World } from "./world/world.ts";

/** How long a life may take. Alarms, not measures. */
export interface Limits {
  /** A phase, until the operator says that it has done its part, and until nothing changes any more. */
  readonly withinMs: number;
  /** From then on, and after a kill, until the end is as it should be; short where it is not to be. */
  readonly patienceMs: number;
}

/** Passes that failed come back within their back-off, which is half a minute at most. */
const LIMITS: Limits = { withinMs: 60_000, patienceMs: 45_000 };

/** How a phase goes when nobody is killed. */
export interface Undisturbed {
  /** All writes by service, in words. */
  readonly writes: Readonly<Record<Service, readonly string[]>>;
  readonly end: World;
}

/** A kill that was survived, or not. */
export interface Survived {
  readonly point: KillPoint;
  /**
   * The write that was carried out and never answered, in words. Undefined where it did not come in this life: a pass that
   * finds its cache behind is repeated, and so are its writes, in some lives and not in others.
   */
  readonly write: string | undefined;
  /** What was wrong afterwards; undefined where the end was the undisturbed one. */
  readonly problem: string | undefined;
}

/** What else is done to the bed before the operator is started again. */
export type AfterKill = (life: string) => void | Promise<void>;

/** A write whose answer was held. */
interface Hit {
  readonly service: Service;
  readonly words: string;
}

/** The phases of one subject, killed and not. */
export class Run<B extends LifeBed = KillBed> {
  readonly #bed: B;
  readonly #subject: Subject<B>;
  readonly #limits: Limits;
  readonly #undisturbed = new Map<string, Undisturbed>();

  constructor(bed: B, subject: Subject<B>, limits: Partial<Limits> = {}) {
    this.#bed = bed;
    this.#subject = subject;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** By phase; set by {@link undisturbed}. */
  get phases(): ReadonlyMap<string, Undisturbed> {
    return this.#undisturbed;
  }

  get counts(): ReadonlyMap<string, Counts> {
    return new Map([...this.#undisturbed].map(([phase, { writes }]) => [phase, countsOf(writes)]));
  }

  /**
   * A life in which nobody is killed: counts the writes and remembers how each phase ends.
   * @throws Error where a phase writes to others than it says, or where something is left when the life is over
   */
  async undisturbed(): Promise<void> {
    await this.#live(async (life) => {
      const before = await this.#bed.world(life);
      for (const phase of this.#subject.phases) {
        this.#bed.forgetWrites();
        await phase.act(this.#bed, life);
        await this.#untilSettled(phase, life);
        const end = await this.#lasting(life);
        const writes = textsOf(this.#bed.writes());
        const wrong = services.filter((service) => writes[service].length > 0 !== phase.writesTo.includes(service));
        if (wrong.length > 0)
          throw new Error(
            `${this.#at(phase)} wrote to others than it says (${wrong.join(", ")}): ${JSON.stringify(writes)}`,
          );
        this.#undisturbed.set(phase.name, { writes, end });
        await this.#bed.remember(life, phase.name);
      }
      const left = difference(before, await this.#lasting(life));
      if (left !== undefined) throw new Error(`${this.#subject.name} left something:\n${differenceText(left)}`);
    });
  }

  /**
   * A life in which the operator is killed at the given points, one a phase. It ends at the first problem.
   */
  async killed(points: readonly KillPoint[], afterKill?: AfterKill): Promise<readonly Survived[]> {
    const survived: Survived[] = [];
    await this.#live(async (life) => {
      for (const phase of this.#subject.phases) {
        const point = points.find((each) => each.phase === phase.name);
        const { write, problem } = await this.#again(phase, life, point, afterKill);
        if (point !== undefined) survived.push({ point, write: write && writeText(point.service, write), problem });
        else if (problem !== undefined) throw new Error(`${this.#at(phase)}, where nobody was killed:\n${problem}`);
        if (problem !== undefined) return;
        await this.#bed.remember(life, phase.name);
      }
    });
    return survived;
  }

  /**
   * One life in which the operator is killed after each write that the undisturbed life made: one kill after another, each of
   * an operator that knows nothing of what came before. Where a life takes minutes this is what can be done; whose kill it was
   * that a problem came from is not told. It ends at the first problem.
   * @param repeats whether there is a kill after each of several writes that read alike, or after the first of them alone
   * @param heard is told each kill as it comes
   */
  async killedAfterEach(
    repeats: boolean,
    heard: (kill: Pick<Survived, "point" | "write">) => void = () => {},
  ): Promise<readonly Survived[]> {
    const survived: Survived[] = [];
    await this.#live(async (life) => {
      for (const phase of this.#subject.phases) {
        const left = new PointsLeft(phase.name, this.#undisturbedOf(phase).writes, repeats);
        const { kills, problem } = await this.#againAndAgain(phase, life, left, heard);
        const at = kills.length - 1;
        survived.push(...kills.map((each, n) => ({ ...each, problem: n === at ? problem : undefined })));
        survived.push(...left.points.map((point) => ({ point, write: undefined, problem: undefined })));
        if (problem !== undefined && at < 0)
          throw new Error(`${this.#at(phase)}, where nobody was killed:\n${problem}`);
        if (problem !== undefined) return;
        await this.#bed.remember(life, phase.name);
      }
    });
    return survived;
  }

  async #live(work: (life: string) => Promise<void>): Promise<void> {
    const life = this.#bed.nextLife();
    await this.#subject.begin?.(this.#bed, life);
    await this.#bed.quiet();
    await work(life);
    await this.#subject.end?.(this.#bed, life);
  }

  /** Takes a life through a phase to the end that it had undisturbed, with one kill on the way where a point is given. */
  async #again(
    phase: Phase<B>,
    life: string,
    point: KillPoint | undefined,
    afterKill: AfterKill | undefined,
  ): Promise<{ readonly write?: Write; readonly problem: string | undefined }> {
    this.#bed.forgetWrites();
    const reached = point === undefined ? undefined : this.#hold(point);
    const acting = this.#act(phase, life);
    let killed = false;
    const over = acting.then(async (problem) => problem ?? (await this.#untilEnd(phase, life, () => killed)));
    const write = await Promise.race([over.then(() => undefined), ...(reached === undefined ? [] : [reached])]);
    if (write === undefined) return { problem: await over };
    killed = true;
    await this.#bed.kill();
    await afterKill?.(life);
    await this.#bed.start();
    // What was seen before the kill does not count: all that is there is looked at once more.
    return { write, problem: (await acting) ?? (await this.#untilEnd(phase, life)) };
  }

  /** Takes a life through a phase as {@link #again} does, with a kill at each of the points that are left. */
  async #againAndAgain(
    phase: Phase<B>,
    life: string,
    left: PointsLeft,
    heard: (kill: Pick<Survived, "point" | "write">) => void,
  ): Promise<{ readonly kills: readonly Pick<Survived, "point" | "write">[]; readonly problem: string | undefined }> {
    this.#bed.forgetWrites();
    const kills: Pick<Survived, "point" | "write">[] = [];
    let reached = this.#holdAny(left);
    const acting = this.#act(phase, life);
    for (;;) {
      let killed = false;
      const over = acting.then(async (problem) => problem ?? (await this.#untilEnd(phase, life, () => killed)));
      const first = await Promise.race([over.then(() => undefined), reached.first]);
      if (first === undefined) return { kills, problem: await over };
      killed = true;
      await this.#bed.kill();
      // Of two services at once both answers are dropped.
      for (const { service, words } of reached.hits) {
        const point = left.take(service, words);
        if (point === undefined) continue;
        kills.push({ point, write: words });
        heard({ point, write: words });
      }
      reached = this.#holdAny(left);
      await this.#bed.start();
    }
  }

  /** Holds the next write to any service of which one is left. */
  #holdAny(left: PointsLeft): { readonly first: Promise<unknown>; readonly hits: readonly Hit[] } {
    const hits: Hit[] = [];
    const held = services.map(async (service) => {
      const write = await this.#bed.proxies[service].holdAfter(1, (one) => left.has(service, writeText(service, one)));
      hits.push({ service, words: writeText(service, write) });
      return write;
    });
    return { first: Promise.race(held), hits };
  }

  /** What a person does, until the operator says that it has done its part; gives what went wrong. */
  #act(phase: Phase<B>, life: string): Promise<string | undefined> {
    return phase
      .act(this.#bed, life)
      .then(() => this.#untilSettled(phase, life))
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  }

  #undisturbedOf(phase: Phase<B>): Undisturbed {
    const undisturbed = this.#undisturbed.get(phase.name);
    if (undisturbed === undefined) throw new Error(`${this.#at(phase)} was never seen undisturbed`);
    return undisturbed;
  }

  /**
   * Waits for a point by the words of its write and how many of these come before it: writes of different objects come in
   * this order in one life and in that in another.
   */
  #hold({ phase, service, write }: KillPoint): Promise<Write> {
    const upTo = this.#undisturbed.get(phase)?.writes[service].slice(0, write) ?? [];
    const words = upTo.at(-1);
    const nth = upTo.filter((each) => each === words).length;
    return this.#bed.proxies[service].holdAfter(nth, (one) => writeText(service, one) === words);
  }

  /** The world when nothing changes in it any more: neither the operator nor KubeVirt, CDI and Kubernetes work on. */
  async #lasting(life: string): Promise<World> {
    let before: World | undefined;
    return eventually(
      `nothing to change around ${life}`,
      async () => {
        await this.#bed.quiet();
        const now = await this.#bed.world(life);
        const same = before !== undefined && difference(before, now) === undefined;
        before = now;
        return same ? now : undefined;
      },
      { withinMs: this.#limits.withinMs },
    );
  }

  async #untilSettled(phase: Phase<B>, life: string): Promise<undefined> {
    await eventually(this.#at(phase, life), () => phase.settled(this.#bed, life), { withinMs: this.#limits.withinMs });
  }

  /** Waits for the end that the undisturbed phase had, or to be told to stop; gives the difference where it does not come. */
  async #untilEnd(phase: Phase<B>, life: string, stop = (): boolean => false): Promise<string | undefined> {
    const expected = this.#undisturbedOf(phase).end;
    let problem: string | undefined;
    try {
      await eventually(
        `the end of ${this.#at(phase)}`,
        async () => {
          if (stop()) return true;
          await this.#bed.quiet();
          const found = difference(expected, await this.#bed.world(life));
          problem = found === undefined ? undefined : differenceText(found);
          return found === undefined;
        },
        { withinMs: this.#limits.patienceMs },
      );
      return undefined;
    } catch (error) {
      return problem ?? String(error);
    }
  }

  #at(phase: Phase<B>, life = ""): string {
    return `${this.#subject.name}: ${phase.name} ${life}`.trim();
  }
}

function textsOf(writes: Readonly<Record<Service, readonly Write[]>>): Readonly<Record<Service, readonly string[]>> {
  const texts = (service: Service): readonly string[] => writes[service].map((write) => writeText(service, write));
  return { kubernetes: texts("kubernetes"), keystone: texts("keystone"), barbican: texts("barbican") };
}

function countsOf(writes: Undisturbed["writes"]): Counts {
  return {
    kubernetes: writes.kubernetes.length,
    keystone: writes.keystone.length,
    barbican: writes.barbican.length,
  };
}

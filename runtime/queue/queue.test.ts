import { describe, expect, test } from "vitest";
import { Queue } from "./queue.ts";

function queueAt(clock: { now: number }): Queue {
  return new Queue({
    backoff: { firstMs: 100, mostMs: 1_000 },
    groupOf: (key) => key.split("/")[0] ?? "",
    now: () => clock.now,
  });
}

async function drain(queue: Queue, count: number): Promise<(string | undefined)[]> {
  const keys: (string | undefined)[] = [];
  for (let at = 0; at < count; at += 1) {
    const key = await queue.take();
    keys.push(key);
    if (key !== undefined) queue.done(key);
  }
  return keys;
}

describe("queue", () => {
  test("a key that is added many times is given out once", async () => {
    const queue = queueAt({ now: 0 });
    for (let times = 0; times < 5; times += 1) queue.add("a/1");
    queue.add("a/2");
    expect(await drain(queue, 2)).toEqual(["a/1", "a/2"]);
    expect(queue.depth()).toEqual({ normal: 0, low: 0 });
  });

  test("namespaces take turns, so that one with many keys delays another by one", async () => {
    const queue = queueAt({ now: 0 });
    for (let at = 0; at < 1000; at += 1) queue.add(`noisy/${at}`);
    queue.add("quiet/1");
    expect(await drain(queue, 3)).toEqual(["noisy/0", "quiet/1", "noisy/1"]);
  });

  test("normal keys go before low ones, and a low key that becomes normal is not given out twice", async () => {
    const queue = queueAt({ now: 0 });
    queue.add("a/low", "low");
    queue.add("a/both", "low");
    queue.add("a/both", "normal");
    expect(queue.depth()).toEqual({ normal: 1, low: 1 });
    expect(await drain(queue, 2)).toEqual(["a/both", "a/low"]);
  });

  test("it is at rest when nothing waits and nothing is worked on, whatever is scheduled; and when it is closed", async () => {
    const queue = queueAt({ now: 0 });
    let rested = 0;
    const rest = async (): Promise<void> => {
      await queue.atRest();
      rested += 1;
    };
    await rest();
    expect(rested).toBe(1);
    queue.add("a/1");
    const second = rest();
    expect(await queue.take()).toBe("a/1");
    await Promise.resolve();
    expect(rested).toBe(1);
    queue.addAfter("a/1", 1_000);
    queue.done("a/1");
    await second;
    expect(rested).toBe(2);
    queue.add("a/2");
    const third = rest();
    queue.close();
    await third;
    expect(rested).toBe(3);
  });

  test("a key that is being worked on is not given to a second worker, and comes back if it was added meanwhile", async () => {
    const queue = queueAt({ now: 0 });
    queue.add("a/1");
    expect(await queue.take()).toBe("a/1");
    queue.add("a/1");
    let second: string | undefined;
    const taken = queue.take().then((key) => {
      second = key;
    });
    await Promise.resolve();
    expect(second).toBeUndefined();
    queue.done("a/1");
    await taken;
    expect(second).toBe("a/1");
  });

  test("a key that was not added meanwhile does not come back", async () => {
    const queue = queueAt({ now: 0 });
    queue.add("a/1");
    await drain(queue, 1);
    expect(queue.depth()).toEqual({ normal: 0, low: 0 });
  });

  test("failures are spaced ever further up to the limit, and forgetting starts anew", () => {
    const queue = queueAt({ now: 0 });
    const delays = [1, 2, 3, 4, 5, 6].map(() => queue.retry("a/1"));
    for (const [at, delay] of delays.entries()) {
      const most = Math.min(1_000, 100 * 2 ** at);
      expect(delay).toBeGreaterThanOrEqual(most * 0.75);
      expect(delay).toBeLessThanOrEqual(most);
    }
    queue.forget("a/1");
    expect(queue.retry("a/1")).toBeLessThanOrEqual(100);
    queue.close();
  });

  test("a later appointment replaces an earlier one", async () => {
    const clock = { now: 0 };
    const queue = queueAt(clock);
    queue.addAfter("a/1", 50, "normal");
    queue.addAfter("a/1", 20, "normal");
    clock.now = 1_000;
    expect(await queue.take()).toBe("a/1");
    queue.done("a/1");
    expect(queue.depth()).toEqual({ normal: 0, low: 0 });
    queue.close();
  });

  test("closing lets waiting workers go", async () => {
    const queue = queueAt({ now: 0 });
    const waiting = queue.take();
    queue.close();
    expect(await waiting).toBeUndefined();
    queue.add("a/1");
    expect(await queue.take()).toBeUndefined();
  });
});

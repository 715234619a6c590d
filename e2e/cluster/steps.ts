/** Says what is done and how long each thing took; lines come as things end, and things may run side by side. */
export interface Steps {
  /** Runs the work and prints a line with its seconds. An error gets the step's name in front. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  print(line: string): void;
}

/** Steps that print to `write`, one line at a time. */
export function openSteps(write: (line: string) => void): Steps {
  const started = performance.now();
  return {
    print: write,
    step: async (name, work) => {
      const start = performance.now();
      try {
        const result = await work();
        write(`${seconds(performance.now() - started)}  ${name} (${seconds(performance.now() - start).trim()})`);
        return result;
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}

/** Works off 0 … count − 1, so many at once. The first failure ends it. */
export async function inParallel(count: number, atOnce: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let mine = next++; mine < count; mine = next++) await work(mine);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}

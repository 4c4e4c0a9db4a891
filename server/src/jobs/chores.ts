/** Something to be done from time to time. */
export interface Chore {
  readonly what: string;
  readonly everyMs: number;
  readonly work: () => Promise<void>;
}

/**
 * Does chores at their times, none of them twice at once; what fails is tried at the next turn.
 * @returns ends it, after those under way
 */
export function startChores(
  chores: readonly Chore[],
  onError: (error: unknown, what: string) => void,
): () => Promise<void> {
  const running = new Map<Chore, Promise<void>>();
  const timers = chores.map((chore) =>
    setInterval(() => {
      if (running.has(chore)) return;
      const done = chore
        .work()
        .catch((error: unknown) => onError(error, chore.what))
        .finally(() => running.delete(chore));
      running.set(chore, done);
    }, chore.everyMs).unref(),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running.values());
  };
}

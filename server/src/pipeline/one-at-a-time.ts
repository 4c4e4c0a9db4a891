/** Does work of one key one after the other, in the order asked for; that of other keys beside it. */
export type OneAtATime = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** One process has the database, so what is kept in its memory is enough. */
export function createOneAtATime(): OneAtATime {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    // what failed before is no reason to fail
    const own = before ? before.then(work, work) : work();
    last.set(key, own);
    try {
      return await own;
    } finally {
      if (last.get(key) === own) last.delete(key);
    }
  };
}

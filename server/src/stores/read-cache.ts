import { LRUCache } from 'lru-cache';

/** Keeps what was read, for as long as nobody writes it. */
export interface ReadCache {
  /** What is kept under the key, else what `load` gives; `undefined` is not kept. Reads under way are shared. */
  read<T>(
    key: string,
    load: () => Promise<T | undefined>,
    sizeOf: (value: T) => number,
  ): Promise<T | undefined>;
  /**
   * Runs a change of what the keys stand for. From its beginning nothing is served or kept under them until it has ended,
   * however it ends; reads that began before it are not kept.
   */
  write<T>(keys: readonly string[], change: () => Promise<T>): Promise<T>;
}

/** @param maxBytes bound of the sizes of all values kept */
export function cacheReads(maxBytes: number): ReadCache {
  // Promises that are fulfilled: an answer from memory makes no new one.
  const kept = new LRUCache<string, Promise<unknown>>({
    maxSize: maxBytes,
    maxEntrySize: Math.max(1, Math.floor(maxBytes / 8)),
  });
  const reading = new Map<string, Promise<unknown>>();
  const writing = new Map<string, number>();

  function load<T>(
    key: string,
    run: () => Promise<T | undefined>,
    sizeOf: (value: T) => number,
  ): Promise<T | undefined> {
    const answer = run();
    if (writing.has(key)) return answer;
    reading.set(key, answer);
    const end = (value?: T): void => {
      // Forgotten by a write that began meanwhile: the value may be from before it.
      if (reading.get(key) !== answer) return;
      reading.delete(key);
      if (value !== undefined) kept.set(key, answer, { size: sizeOf(value) });
    };
    answer.then(end, () => end());
    return answer;
  }

  return {
    read: <T>(key: string, run: () => Promise<T | undefined>, sizeOf: (value: T) => number) =>
      (kept.get(key) ?? reading.get(key) ?? load(key, run, sizeOf)) as Promise<T | undefined>,

    async write(keys, change) {
      for (const key of keys) {
        writing.set(key, (writing.get(key) ?? 0) + 1);
        reading.delete(key);
        kept.delete(key);
      }
      try {
        return await change();
      } finally {
        for (const key of keys) {
          const others = (writing.get(key) ?? 1) - 1;
          if (others === 0) writing.delete(key);
          else writing.set(key, others);
        }
      }
    },
  };
}

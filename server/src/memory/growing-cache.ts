import { LRUCache } from 'lru-cache';

/**
 * Remembers the `most` entries that were used last, in memory that grows with what is there. A cache that is told `max` makes room
 * for all entries at once, 28 bytes for each that may ever come: in an idle server that was a third of what its heap held. Bounded by a size of
 * which each entry is one, it takes room for those it has, and is as fast.
 */
export function growingCache<K extends {}, V extends {}>(most: number): LRUCache<K, V> {
  return new LRUCache<K, V>({ maxSize: most, sizeCalculation: () => 1 });
}

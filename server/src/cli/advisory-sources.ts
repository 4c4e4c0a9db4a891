import { tmpdir } from 'node:os';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { readPath, readUrl } from '@wharfinger/lib/advisories/sources';
import { isWharfingerError } from '@wharfinger/lib/errors';

/** A record, or the rest of a source, that could not be read. */
export interface RefusedRecord {
  readonly origin: string;
  readonly message: string;
}

/** Refused records that are told one by one; beyond, they are counted. */
const mostTold = 1000;

/** Reads OSV records from files, folders, archives and addresses, and keeps account of what could not be read. */
export class AdvisorySources {
  readonly refused: RefusedRecord[] = [];
  /** refused in all */
  refusedCount = 0;
  readonly #names: readonly string[];
  readonly #onRecord: (count: number) => void;
  #count = 0;

  constructor(names: readonly string[], onRecord: (count: number) => void) {
    this.#names = names;
    this.#onRecord = onRecord;
  }

  /** The records as they were read, one line of JSON each. */
  async *lines(): AsyncGenerator<Uint8Array> {
    for await (const { record } of this.#records()) yield Buffer.from(`${JSON.stringify(record)}\n`);
  }

  /** The same, of those alone that are valid. */
  async *checkedLines(): AsyncGenerator<Uint8Array> {
    for await (const { origin, record } of this.#records()) {
      const advisory = this.#parse(record, origin);
      if (advisory) yield Buffer.from(`${JSON.stringify(record)}\n`);
    }
  }

  /** The records, reduced to what decides. */
  async *advisories(): AsyncGenerator<Advisory> {
    for await (const { origin, record } of this.#records()) {
      const advisory = this.#parse(record, origin);
      if (advisory) yield advisory;
    }
  }

  #parse(record: unknown, origin: string): Advisory | undefined {
    try {
      return parseOsv(record, origin);
    } catch (error) {
      if (!isWharfingerError(error)) throw error;
      this.#refuse(origin, error.message);
      return undefined;
    }
  }

  async *#records(): AsyncGenerator<{ origin: string; record: unknown }> {
    for (const name of this.#names) {
      const items = /^https?:\/\//i.test(name)
        ? readUrl(name, {
            fetch: (url) => fetch(url),
            temporaryFolder: tmpdir(),
          })
        : readPath(name);
      for await (const item of items) {
        if ('failure' in item) {
          this.#refuse(item.origin, item.failure.message);
          continue;
        }
        this.#count += 1;
        this.#onRecord(this.#count);
        yield item;
      }
    }
  }

  #refuse(origin: string, message: string): void {
    this.refusedCount += 1;
    if (this.refused.length < mostTold) this.refused.push({ origin, message });
  }
}

import type { Digest } from '@wharfinger/lib/oci/digest';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Db } from '../db/schema.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** An edition of what decides. */
export interface StoredJudgement {
  /** grows with every edition */
  readonly version: number;
  /** of the document */
  readonly digest: Digest;
  readonly madeAt: Date;
}

/** The edition that was made last; undefined: none was. */
export async function lastJudgement(db: Db): Promise<StoredJudgement | undefined> {
  const row = await db
    .selectFrom('judgements')
    .select(['version', 'digest', 'made_at'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { version: row.version, digest: row.digest as Digest, madeAt: new Date(row.made_at) };
}

/**
 * Keeps an edition.
 * @param document its RFC 8785 form
 * @returns false if another instance has made this version meanwhile: then nothing is kept
 */
export async function putJudgement(
  db: Db,
  { version, digest, madeAt }: StoredJudgement,
  document: string,
): Promise<boolean> {
  const row = await db
    .insertInto('judgements')
    .values({ version, digest, made_at: madeAt.getTime(), document: await compress(document) })
    .onConflict((conflict) => conflict.column('version').doNothing())
    .returning('version')
    .executeTakeFirst();
  return row !== undefined;
}

/** The document that decided at a time: the edition that was made last before it; undefined: there was none yet. */
export async function judgementAt(db: Db, at: Date): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('judgements')
    .select('document')
    .where('made_at', '<=', at.getTime())
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && decompress(row.document);
}

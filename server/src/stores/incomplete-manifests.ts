import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';

/**
 * Manifests of a repository that were kept although parts were missing, and that refer to this part: what is to be
 * looked at again when it arrives. Few manifests are kept so, whatever the number of those that refer to it.
 */
export async function incompleteWithPart(db: Db, repository: string, part: Digest): Promise<Digest[]> {
  const rows = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .innerJoin('manifest_refs', 'manifest_refs.manifest_id', 'manifests.id')
    .select('manifests.digest')
    .distinct()
    .where('repositories.name', '=', repository)
    .where('manifests.missing', 'is not', null)
    .where('manifest_refs.digest', '=', part)
    .execute();
  return rows.map((row) => row.digest as Digest);
}

/** Indexes of a repository that point to this manifest, whether it was there when they were pushed or not. */
export async function indexesWithChild(db: Db, repository: string, child: Digest): Promise<Digest[]> {
  const rows = await db
    .selectFrom('manifest_refs')
    .innerJoin('repositories', 'repositories.id', 'manifest_refs.repository_id')
    .innerJoin('manifests', 'manifests.id', 'manifest_refs.manifest_id')
    .select('manifests.digest')
    .where('repositories.name', '=', repository)
    .where('manifest_refs.digest', '=', child)
    .where('manifest_refs.role', '=', 'manifest')
    .execute();
  return rows.map((row) => row.digest as Digest);
}

/** What a manifest says that it is about: its subject, and its tags, which may name one. */
export async function subjectAndTags(
  db: Db,
  repository: string,
  digest: Digest,
): Promise<{ readonly subject: Digest | null; readonly tags: readonly string[] }> {
  const rows = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .leftJoin('tags', (join) =>
      join
        .onRef('tags.repository_id', '=', 'manifests.repository_id')
        .onRef('tags.digest', '=', 'manifests.digest'),
    )
    .select(['manifests.subject', 'tags.name'])
    .where('repositories.name', '=', repository)
    .where('manifests.digest', '=', digest)
    .execute();
  return {
    subject: (rows[0]?.subject ?? null) as Digest | null,
    tags: rows.flatMap((row) => row.name ?? []),
  };
}

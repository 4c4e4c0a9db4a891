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

import { isIndexType } from '@wharfinger/lib/oci/media-types';
import { formatPlatform } from '@wharfinger/lib/oci/descriptor';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { toCycloneDx } from '@wharfinger/lib/inspect/sbom/cyclonedx';
import { demandServed } from '@wharfinger/lib/registry/access';
import { explainVerdict } from '@wharfinger/lib/routines/explain';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Gate } from '../../gate/gate.ts';
import type { ImageKnowledge } from '../../pipeline/knowledge.ts';
import { resolveImage, type ApiContext } from '../context.ts';

/**
 * What is known of an image: all of it, its verdict, its findings, its SBOM. Who may pull may ask why an image is held; all
 * of it, the environment in its configuration too, is for those whom the gate lets read the image.
 */
export function addImageRoutes(
  context: ApiContext,
  knowledge: ImageKnowledge,
  gate: Pick<Gate, 'manifest'>,
): void {
  const { app, catalog } = context;

  app.get('/api/v1/images', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    demandServed(await gate.manifest({ caller: request.caller, repository, digest }));
    const facts = await knowledge.factsOf(repository, digest);
    return {
      repository,
      digest,
      mediaType: facts.image.mediaType,
      kind: facts.image.kind ?? null,
      inventory: (await knowledge.inventoryOf(digest)) ?? null,
      facts,
      verdict: await knowledge.verdictOf(repository, digest),
    };
  });

  app.get('/api/v1/verdict', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    const verdict = await knowledge.verdictOf(repository, digest);
    const children = await childrenOf(repository, digest);
    return { verdict, text: explainVerdict(verdict), ...(children.length > 0 ? { children } : {}) };
  });

  app.get('/api/v1/findings', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    const { findings } = await knowledge.factsOf(repository, digest);
    if (!findings) throw notChecked(digest);
    return { digest, findings };
  });

  app.get('/api/v1/sbom', async (request, reply) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    const inventory = await knowledge.inventoryOf(digest);
    if (!inventory) throw notChecked(digest);
    const bom = toCycloneDx(inventory, { digest, name: repository, time: context.now() });
    // A Buffer keeps the Content-Type as it is.
    return reply.type('application/vnd.cyclonedx+json').send(Buffer.from(JSON.stringify(bom)));
  });

  /** The verdicts of an index's children, each by itself. */
  async function childrenOf(repository: string, digest: Digest) {
    const record = await catalog.getManifest(repository, digest);
    if (!record || !isIndexType(record.mediaType)) return [];
    const index = parseManifest(record.bytes, record.mediaType);
    const children = [];
    for (const child of index.kind === 'index' ? index.manifests : []) {
      if (!(await catalog.getManifest(repository, child.digest))) continue;
      children.push({
        digest: child.digest,
        platform: child.platform ? formatPlatform(child.platform) : null,
        verdict: await knowledge.verdictOf(repository, child.digest),
      });
    }
    return children;
  }
}

function notChecked(digest: Digest): WharfingerError {
  return new WharfingerError('UNAVAILABLE', {
    what: `${digest} was not taken apart yet`,
    remedy: 'ask again in a moment',
  });
}

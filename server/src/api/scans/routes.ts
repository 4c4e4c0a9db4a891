import { WharfingerError } from '@wharfinger/lib/errors';
import { z } from 'zod';

import type { ScanKnowledge } from '../../pipeline/scan-knowledge.ts';
import { imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

const scanBody = imageQuery.extend({ scanner: z.string().max(100).optional() });

/** The scanners that are asked about images, and what they say. */
export function addScanRoutes(context: ApiContext, knowledge: ScanKnowledge): void {
  const { app } = context;

  app.get('/api/v1/scanners', async (request) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    return { scanners: await knowledge.scanners() };
  });

  app.get('/api/v1/scans', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    return { repository, digest, scans: await knowledge.scansOf(repository, digest) };
  });

  app.post('/api/v1/scans', async (request, reply) => {
    const { scanner, ...image } = parseInput(scanBody, request.body);
    const place = await resolveImage(context, request, image, 'push');
    const scanners = await knowledge.request(place, scanner, request.caller.principal);
    return reply.status(202).send({ ...place, scanners });
  });
}

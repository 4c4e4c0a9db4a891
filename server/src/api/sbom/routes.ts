import { cycloneDxVersions } from '@wharfinger/lib/inspect/sbom/cyclonedx';
import { sbomFormats } from '@wharfinger/lib/inspect/sbom/write-sbom';
import { z } from 'zod';
import { attestSbom, type SbomAttesterParts } from '../../pipeline/attest-sbom.ts';
import type { OneAtATime } from '../../pipeline/one-at-a-time.ts';
import { imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

/** An image, and how its SBOM is to be written. */
export const sbomBody = imageQuery.extend({
  format: z.enum(sbomFormats).default('cyclonedx'),
  version: z.enum(cycloneDxVersions).default('1.6'),
});

/**
 * SBOMs that the registry signs and attaches: for those who may push to the repository.
 * @param oneAtATime of two who ask at one moment the second is told what the first had attached
 */
export function addSbomRoutes(context: ApiContext, parts: SbomAttesterParts, oneAtATime: OneAtATime): void {
  context.app.post('/api/v1/sbom/attestations', async (request) => {
    const { repository, reference, ...style } = parseInput(sbomBody, request.body);
    const place = await resolveImage(context, request, { repository, reference }, 'push');
    const key = `${place.repository}@${place.digest}`;
    const attested = await oneAtATime(key, () => attestSbom(parts, place, style, request.caller.principal));
    return { ...place, ...attested };
  });
}

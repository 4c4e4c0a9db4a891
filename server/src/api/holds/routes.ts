import { z } from 'zod';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

const holdBody = z.strictObject({
  ...imageQuery.shape,
  reason: z.string().trim().min(3, 'say why, in at least 3 characters').max(2000),
});

type HoldAct = (repository: string, digest: Digest, act: { by: string; reason: string }) => Promise<void>;

/** Acts on one image, each recorded with who did it and why. */
export interface HoldActs {
  readonly hold: HoldAct;
  /** @throws WharfingerError NOT_FOUND if nobody holds it by hand */
  readonly release: HoldAct;
}

/** Holding an image by hand, and ending that. */
export function addHoldRoutes(context: ApiContext, holds: HoldActs): void {
  for (const [path, act] of [
    ['/api/v1/holds', holds.hold],
    ['/api/v1/holds/release', holds.release],
  ] as const) {
    context.app.post(path, async (request) => {
      const { reason, ...image } = parseInput(holdBody, request.body);
      const { repository, digest } = await resolveImage(context, request, image, 'release');
      await act(repository, digest, { by: request.caller.principal ?? '', reason });
      return { repository, digest, held: act === holds.hold };
    });
  }
}

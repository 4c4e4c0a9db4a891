import { z } from 'zod';
import { bakedKinds, bakedRules } from '@wharfinger/lib/inspect/baked/baked-rules';
import { listedPlaces } from '@wharfinger/lib/inspect/baked/image-baked';
import { count, text } from './schema-fields.ts';

const id = z.string().refine((one) => bakedRules.some((rule) => rule.id === one), 'no such rule');

/** What the reading process says a file is. */
export const fileBaked = z.strictObject({ entry: count, kind: z.literal('baked'), id });

/** What the composing process says an image holds besides code. */
export const imageBaked = z
  .strictObject({
    complete: z.boolean(),
    counts: z.record(z.enum(bakedKinds), count),
    places: z.array(
      z.strictObject({
        id,
        kind: z.enum(bakedKinds),
        what: text,
        remedy: text,
        path: text,
        layer: count,
        files: count,
        bytes: count,
      }),
    ),
  })
  .refine(
    ({ counts, places }) =>
      bakedKinds.every(
        (kind) =>
          places.filter((place) => place.kind === kind).length === Math.min(counts[kind], listedPlaces),
      ),
    'the places listed are not those counted',
  );

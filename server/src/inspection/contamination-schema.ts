import { z } from 'zod';
import { contaminationKinds, listedFiles } from '@wharfinger/lib/inspect/contamination/contamination';
import { packageTypes } from '@wharfinger/lib/inspect/packages/package-types';
import { count, text } from './inventory-schema.ts';

const kind = z.enum(contaminationKinds);

/** What the composing process says of the files of an image. */
export const contamination = z
  .strictObject({
    complete: z.boolean(),
    reason: text.optional(),
    counts: z.record(kind, count),
    files: z
      .array(
        z.strictObject({
          kind,
          path: text,
          layer: count,
          package: z.strictObject({ type: z.enum(packageTypes), name: text }).optional(),
          recorded: text.optional(),
          found: text.optional(),
          detail: text.optional(),
        }),
      )
      .max(contaminationKinds.length * listedFiles),
    unrecorded: z.array(z.enum(packageTypes)),
  })
  .refine(({ counts, files }) => {
    const listed = Map.groupBy(files, (file) => file.kind);
    return contaminationKinds.every(
      (one) => (listed.get(one)?.length ?? 0) === Math.min(counts[one], listedFiles),
    );
  }, 'the files listed are not those counted')
  .refine(({ complete, counts }) => !complete || counts.unchecked === 0, 'complete is wrong');

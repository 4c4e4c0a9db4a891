import { z } from 'zod';
import { contaminationKinds, listedFiles } from '@wharfinger/lib/inspect/contamination/contamination';
import { listedExecutables } from '@wharfinger/lib/inspect/executables/image-executables';
import { packageTypes } from '@wharfinger/lib/inspect/packages/package-types';
import { executable } from './inventory-schema.ts';
import { count, text } from './schema-fields.ts';

const kind = z.enum(contaminationKinds);
const owner = z.strictObject({ type: z.enum(packageTypes), name: text });

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
          package: owner.optional(),
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

/** What it says of the programs and libraries of an image. */
export const executables = z
  .strictObject({
    all: count,
    foreign: count,
    files: z
      .array(z.strictObject({ path: text, layer: count, package: owner.optional(), ...executable }))
      .max(listedExecutables),
  })
  .refine(({ all, foreign, files }) => all >= foreign && foreign >= files.length, 'the counts are wrong');

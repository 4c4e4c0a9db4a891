import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import { mistakeInPattern } from '@wharfinger/lib/oci/repository-pattern';
import { z } from 'zod';

/** A pattern of repository names. */
export const patternField = z.string().superRefine((text, context) => {
  const mistake = mistakeInPattern(text);
  if (mistake !== undefined)
    context.addIssue({ code: 'custom', message: `this repository pattern is wrong: ${mistake}` });
});

export const classField = z.enum(['private', 'internal', 'public']);
export const stageField = z.enum(['development', 'test', 'production']);

/** Which images something is about: all that is given must hold. */
export const scopeFields = z.strictObject({
  repositories: z.array(patternField).min(1).max(1000).optional(),
  exceptRepositories: z.array(patternField).min(1).max(1000).optional(),
  classes: z.array(classField).min(1).optional(),
  departments: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
  stages: z.array(stageField).min(1).optional(),
  externalFacing: z.boolean().optional(),
});

/** The name of a namespace: the first components of repository names, or * for all others. */
export const namespaceName = z
  .string()
  .refine(
    (name) => name === '*' || isRepositoryName(name),
    'write the first components of repository names, or * for all others',
  );

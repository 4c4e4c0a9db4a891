import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';

/** A text that nobody else may know: here, or in a file beside the configuration. */
export const secretFields = {
  secret: z.string().min(1).max(10_000).optional(),
  secretFile: z.string().min(1).optional(),
};

/** Ways in which the registry says to others who it is: a user with a password, or a token. */
export const basicAuth = z.strictObject({
  type: z.literal('basic'),
  user: z
    .string()
    .min(1)
    .max(200)
    .refine((text) => !text.includes(':'), 'a user has no colon in his name'),
  ...secretFields,
});
export const bearerAuth = z.strictObject({ type: z.literal('bearer'), ...secretFields });

/** Nobody has a longer secret, nor more certificates. */
const longestFile = 1024 * 1024;

/**
 * The secret that is given, or that lies in the file that is named.
 * @param base folder that relative paths start from
 * @param isHeader true: it becomes a header as it is
 * @throws Error that says what is wrong
 */
export async function readSecret(
  { secret, secretFile }: { readonly secret?: string | undefined; readonly secretFile?: string | undefined },
  base: string,
  isHeader: boolean,
): Promise<string> {
  if ((secret === undefined) === (secretFile === undefined))
    throw new Error('give either secret or secretFile');
  const text = secret ?? (await readShort(resolve(base, secretFile!))).trimEnd();
  if (isHeader && !/^[\x21-\x7e]+$/.test(text))
    throw new Error('the secret must be printable ASCII without spaces');
  if (text === '') throw new Error('the secret is empty');
  return text;
}

/** The header that names a user with a password, or has a token. */
export function authorizationOf(
  auth: { readonly type: 'basic'; readonly user: string } | { readonly type: 'bearer' },
  secret: string,
): string {
  if (auth.type === 'bearer') return `Bearer ${secret}`;
  return `Basic ${Buffer.from(`${auth.user}:${secret}`).toString('base64')}`;
}

/** A short text file. @throws Error that says what is wrong */
export async function readShort(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  if (text.length > longestFile) throw new Error(`it is larger than ${longestFile} bytes`);
  return text;
}

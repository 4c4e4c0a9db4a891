import { z } from 'zod';
import { loginKinds, mostOfFile } from '@wharfinger/lib/inspect/accounts/account-facts';
import { listedLogins } from '@wharfinger/lib/inspect/accounts/image-accounts';
import { count, text } from './schema-fields.ts';

const login = {
  kind: z.enum(loginKinds),
  account: text,
  detail: text.optional(),
};

/** What the reading process says of accounts in a file. */
export const fileAccounts = z.strictObject({
  entry: count,
  kind: z.literal('accounts'),
  of: text,
  logins: z.array(z.strictObject(login)).max(mostOfFile),
  homes: z
    .array(z.strictObject({ account: text, home: text }))
    .max(mostOfFile)
    .optional(),
  lacks: text.optional(),
});

/** What the composing process says of who can log in. */
export const imageAccounts = z
  .strictObject({
    complete: z.boolean(),
    reason: text.optional(),
    counts: z.record(z.enum(loginKinds), count),
    found: z.array(z.strictObject({ ...login, path: text, layer: count })),
  })
  .refine(
    ({ counts, found }) =>
      loginKinds.every(
        (kind) => found.filter((one) => one.kind === kind).length === Math.min(counts[kind], listedLogins),
      ),
    'the logins listed are not those counted',
  );

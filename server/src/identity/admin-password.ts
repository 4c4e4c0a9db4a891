import { randomBytes } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import type { Db } from '../db/schema.ts';
import { getSetting, putSetting } from '../stores/settings.ts';

const settingKey = 'admin-password';

/**
 * The password of the administrator: the one configured, else the one that was made when the server first started.
 * There is no default one. A new one is printed once and kept as its argon2 hash.
 *
 * @param print told of a password that was made just now
 * @returns the password, or its hash
 */
export async function findAdminPassword(
  db: Db,
  configured: string | undefined,
  print: (password: string) => void,
): Promise<string> {
  if (configured !== undefined) return configured;
  const kept = await getSetting(db, settingKey);
  if (typeof kept === 'string') return kept;
  const password = randomBytes(15).toString('base64url');
  const hashed = await hash(password);
  // In this order: a password that was kept but not shown would lock everybody out.
  print(password);
  await putSetting(db, settingKey, hashed);
  return hashed;
}

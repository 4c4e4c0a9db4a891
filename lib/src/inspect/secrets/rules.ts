import type { SecretRule } from './rule.ts';
import { cloudRules } from './rules/cloud.ts';
import { developmentRules } from './rules/development.ts';
import { keyRules } from './rules/keys.ts';
import { passwordRules } from './rules/passwords.ts';
import { serviceRules } from './rules/services.ts';

/**
 * What counts as a secret. Of two rows that find the same, the first counts. To look for another kind, add its row to the table that
 * fits.
 */
export const secretRules: readonly SecretRule[] = [
  ...cloudRules,
  ...developmentRules,
  ...serviceRules,
  ...keyRules,
  ...passwordRules,
];

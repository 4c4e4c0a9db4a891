import { expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import type { RefusedSignature } from '../signing/evidence.ts';
import { refusedOf } from './refused-of.ts';

const about = (...refusedStatements: Array<Partial<RefusedSignature>>) => ({
  statements: [],
  refusedStatements: refusedStatements.map((one) => ({
    format: 'cosign-v3' as const,
    evidence: digestOf('evidence'),
    reason: 'why',
    ...one,
  })),
});

test('what is known to be of another type was none of this one', () => {
  const other = { predicateType: 'approval', code: 'revoked' as const, reason: 'its key was revoked' };
  expect(refusedOf(about(other), 'link')).toBeUndefined();
  expect(refusedOf(about(other, { reason: 'no key' }), 'link')).toEqual({
    reasons: ['no key'],
    revoked: false,
  });
  expect(refusedOf(about(other), 'approval')).toEqual({ reasons: [other.reason], revoked: true });
});

import { assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { stamp } from './authority.fixtures.ts';
import { envelope, envelopeTypes, from, now, stampLeaf, trust } from './setting.fixtures.ts';
import { verifyNotation } from './verify-notation.ts';

const trusted = trust({ trustStores: ['ca:acme', 'tsa:time'] });

describe.each(envelopeTypes)('an envelope %s', (type) => {
  const { bytes } = envelope(type, {
    expiry: from(3_600_000),
    timestamp: (signature) => stamp(signature, { authority: stampLeaf, at: from(-60_000) }),
  });
  const original = verifyNotation({ mediaType: type, bytes }, trusted, now);

  /** True if refused with a reason, or what was signed, by whom and when are what they were. */
  function isRefusedOrSame(changed: Uint8Array): boolean {
    try {
      const found = verifyNotation({ mediaType: type, bytes: changed }, trusted, now);
      // a signature in DER on a certificate may be spelled otherwise: then the certificate has another thumbprint
      expect({ ...found, thumbprints: [] }).toEqual({ ...original, thumbprints: [] });
      return true;
    } catch (error) {
      if (isWharfingerError(error, 'SIGNATURE_INVALID')) return true;
      throw error;
    }
  }

  it('with one byte changed is refused, or says the same', () => {
    const holds = property(nat(bytes.length - 1), integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(bytes);
      changed[at]! ^= flip;
      return isRefusedOrSame(changed);
    });
    expect(() => assert(holds, { numRuns: 700 })).not.toThrow();
  });

  it('with a part cut out is refused, or says the same', () => {
    const holds = property(nat(bytes.length - 1), nat(64), (at, length) =>
      isRefusedOrSame(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])),
    );
    expect(() => assert(holds, { numRuns: 200 })).not.toThrow();
  });
});

import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import type { ValidSignature } from '../signing/evidence.ts';
import { signatureFacts } from './facts-of-signatures.ts';

const signature: ValidSignature = {
  format: 'cosign-v3',
  key: 'release',
  keyId: 'aa',
  principal: 'ann',
  purposes: ['release'],
  evidence: digestOf('a signature'),
};

function factsOf(...valid: ReadonlyArray<Partial<ValidSignature>>) {
  const report = { valid: valid.map((over) => ({ ...signature, ...over })), refused: [] };
  const { signers, principals } = signatureFacts({ report, trustedKeys: [] });
  return { signers, principals };
}

describe('who counts of those who signed', () => {
  it('is each key once, whatever it is called and whosever it is said to be', () => {
    expect(factsOf({}, { key: 'again', principal: 'ben' }, {})).toEqual({
      signers: ['release'],
      principals: ['ann'],
    });
  });

  it('is each principal once, however many keys are his', () => {
    expect(factsOf({}, { key: 'spare', keyId: 'bb' })).toEqual({
      signers: ['release', 'spare'],
      principals: ['ann'],
    });
    expect(factsOf({}, { key: 'other', keyId: 'bb', principal: 'ben' })).toEqual({
      signers: ['release', 'other'],
      principals: ['ann', 'ben'],
    });
  });

  it('is each identity once, though every signature of it has a key of its own', () => {
    const identity = { issuer: 'https://ci', subject: 'https://ci/job' };
    const other = { issuer: 'https://ci', subject: 'https://ci/another' };
    const signed = (keyId: string, who: typeof identity) => ({
      key: 'ci',
      principal: 'ci',
      keyId,
      identity: who,
    });
    expect(factsOf(signed('1', identity), signed('2', identity))).toEqual({
      signers: ['ci'],
      principals: ['ci'],
    });
    expect(factsOf(signed('1', identity), signed('2', other)).signers).toEqual(['ci', 'ci']);
  });
});

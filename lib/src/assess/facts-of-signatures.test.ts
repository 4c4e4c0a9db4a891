import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import type { ValidSignature, VerifiedStatement } from '../signing/evidence.ts';
import { checkedSignatures, signatureFacts } from './facts-of-signatures.ts';

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

describe('whose signatures count', () => {
  it('are those whom the policy trusts with releases, not who only attests or stamps', () => {
    const signers = [
      { name: 'usual', pem: '' },
      { name: 'release', pem: '', purposes: ['release'] },
      { name: 'ci', pem: '', purposes: ['attest'] },
      { name: 'stamps', pem: '', purposes: ['stamp', 'intake'] },
    ] as const;
    const checked = checkedSignatures(digestOf('x'), { valid: [], refused: [], statements: [] }, { signers });
    expect(signatureFacts(checked).trustedKeys).toEqual(['usual', 'release']);
  });
});

describe('an attestation', () => {
  const statement: VerifiedStatement = {
    signer: { key: 'ci', keyId: 'cc', principal: 'ci', purposes: ['attest'] },
    format: 'cosign-v3',
    subject: digestOf('an image'),
    predicateType: 'https://test/scan',
    predicate: {},
    payloadDigest: digestOf('a payload'),
    evidence: digestOf('an attestation'),
  };
  const refusedOf = (...valid: ValidSignature[]) =>
    checkedSignatures(statement.subject, { valid, refused: [], statements: [statement] }, { signers: [] })
      .report.refused;

  it('is told to be no signature where that is what is missing', () => {
    expect(refusedOf()).toEqual([
      {
        format: 'cosign-v3',
        evidence: statement.evidence,
        reason: 'it is an attestation of type "https://test/scan" by ci, which is not a signature',
      },
    ]);
    expect(refusedOf(signature)).toEqual([]);
  });
});

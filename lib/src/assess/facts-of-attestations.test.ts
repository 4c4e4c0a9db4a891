import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
import type { SignerPurpose, VerifiedStatement } from '../signing/evidence.ts';
import { attestationFacts, type AttestedImage } from './facts-of-attestations.ts';
import { withVex } from './findings-with-vex.ts';

const now = new Date('2026-06-01T00:00:00Z');
const image: AttestedImage = {
  digest: digestOf('an image'),
  repository: 'team/app',
  registry: 'reg.acme',
  platform: 'linux/amd64',
};

function statement(
  predicateType: string,
  predicate: unknown,
  purposes: readonly SignerPurpose[] = ['attest'],
  key = 'ci',
): VerifiedStatement {
  return {
    signer: { key, keyId: key, principal: `${key}'s`, purposes },
    format: 'cosign-v3',
    subject: image.digest,
    predicateType,
    predicate,
    payloadDigest: digestOf(JSON.stringify(predicate) ?? ''),
    evidence: digestOf(`${key} ${predicateType}`),
  };
}

function factsOf(statements: readonly VerifiedStatement[], about: AttestedImage = image, at = now) {
  return attestationFacts({ statements, refusedStatements: [] }, about, at);
}

const approval = {
  scope: { registry: 'reg.acme', repository: 'team/app', platform: 'linux/amd64' },
  stage: 'production',
  role: 'security',
  approver: "sam's",
  decision: 'approve',
  ticket: 'T-1',
  notBefore: '2026-05-01T00:00:00Z',
  notAfter: '2026-07-01T00:00:00Z',
};
const approved = (over: object = {}, purposes: readonly SignerPurpose[] = ['stamp']) =>
  statement(predicateTypes.approval, { ...approval, ...over }, purposes, 'sam');

describe("the registry's own word", () => {
  it('on a chain and on packages is neither counted nor refused; anything else that it says is refused', () => {
    const summary = statement(predicateTypes.verificationSummary, {}, [], 'reg.acme');
    const sbom = statement('https://spdx.dev/Document', { spdxVersion: 'SPDX-2.3' }, [], 'reg.acme');
    expect(factsOf([summary, sbom]).facts).toMatchObject({ valid: [], sboms: [], refused: [] });
    const other = statement('https://openvex.dev/ns', { statements: [] }, [], 'reg.acme');
    expect(factsOf([other]).facts).toMatchObject({
      valid: [],
      vex: [],
      refused: [{ reason: expect.stringContaining('reg.acme is for nothing') }],
    });
    expect(
      factsOf([statement(predicateTypes.verificationSummary, {}, ['stamp'])]).facts.refused,
    ).toHaveLength(1);
  });
});

describe('an approval', () => {
  it('in force is a fact, until it ends', () => {
    expect(factsOf([approved()])).toMatchObject({
      facts: {
        valid: [{ key: 'sam', predicateType: predicateTypes.approval }],
        approvals: [
          {
            key: 'sam',
            principal: "sam's",
            stage: 'production',
            role: 'security',
            ticket: 'T-1',
            notAfter: '2026-07-01T00:00:00Z',
          },
        ],
        refused: [],
      },
      validUntil: '2026-07-01T00:00:00Z',
    });
  });

  it.each([
    ['by somebody who may not stamp', approved({}, ['release', 'attest']), image, /trusted for stamp/],
    ['of another registry', approved({ scope: { ...approval.scope, registry: 'x' } }), image, /registry x/],
    [
      'of another repository',
      approved({ scope: { ...approval.scope, repository: 'x' } }),
      image,
      /repository x/,
    ],
    ['of another platform', approved({ scope: { ...approval.scope, platform: 'x' } }), image, /platform x/],
    [
      'where no registry judges',
      approved(),
      { digest: image.digest, repository: 'team/app' },
      /none is judging/,
    ],
    ['in the name of somebody else', approved({ approver: 'eve' }), image, /signed by sam's/],
    ['that is over', approved({ notAfter: '2026-06-01T00:00:00Z' }), image, /was in force until/],
    ['that says no', approved({ decision: 'reject' }), image, /not approve/],
  ])('%s is refused', (_, one, about, reason) => {
    const { facts } = factsOf([one], about);
    expect(facts.approvals).toEqual([]);
    expect(facts.valid).toEqual([]);
    expect(facts.refused).toMatchObject([{ evidence: one.evidence, reason: expect.stringMatching(reason) }]);
  });

  it('that is yet to begin changes the facts then', () => {
    const early = factsOf([approved({ notBefore: '2026-06-10T00:00:00Z' })]);
    expect(early.facts.refused).toMatchObject([{ reason: expect.stringMatching(/in force from/) }]);
    expect(early.validUntil).toBe('2026-06-10T00:00:00Z');
  });
});

describe('attestations', () => {
  const spdx = statement('https://spdx.dev/Document', { spdxVersion: 'SPDX-2.3', packages: [{}] });

  it('count by who is trusted to attest', () => {
    const released = { ...spdx, signer: { ...spdx.signer, purposes: ['release'] as const } };
    expect(factsOf([spdx]).facts.sboms).toMatchObject([{ key: 'ci', format: 'spdx', components: 1 }]);
    expect(factsOf([released]).facts).toMatchObject({
      valid: [],
      sboms: [],
      refused: [
        {
          reason:
            'https://spdx.dev/Document by ci: it takes somebody trusted for attest, and ci is for release',
        },
      ],
    });
  });

  it('that cannot be read are refused and take nothing along', () => {
    const broken = statement('https://slsa.dev/provenance/v1', { a: 1 });
    const { facts } = factsOf([broken, spdx]);
    expect(facts.sboms).toHaveLength(1);
    expect(facts.provenance).toEqual([]);
    expect(facts.refused).toEqual([
      {
        evidence: broken.evidence,
        reason: 'https://slsa.dev/provenance/v1 by ci: buildDefinition is not an object',
      },
    ]);
  });

  it('of types that nobody knows here are facts by their type', () => {
    const { facts } = factsOf([statement('https://test/scan', undefined)]);
    expect(facts).toMatchObject({ valid: [{ predicateType: 'https://test/scan' }], refused: [] });
  });
});

describe('a finding', () => {
  const finding = {
    advisory: 'DSA-1',
    aliases: ['CVE-2026-1'],
    package: 'curl',
    purl: 'pkg:deb/debian/curl@7.88?arch=amd64',
  } as unknown as FindingFact;
  const vex = (status: string, over: object = {}, timestamp = '2026-01-01T00:00:00Z', key = 'ci') =>
    statement(
      'https://openvex.dev/ns/v0.2.0',
      {
        '@context': 'https://openvex.dev/ns/v0.2.0',
        timestamp,
        statements: [
          { vulnerability: { name: 'cve-2026-1' }, status, justification: 'component_not_present', ...over },
        ],
      },
      ['attest'],
      key,
    );
  const vexOf = (...statements: VerifiedStatement[]) => withVex([finding], factsOf(statements).vex)[0]!.vex;

  it('is told what a trusted statement says of it by an alias', () => {
    expect(vexOf(vex('not_affected'))).toEqual({
      status: 'not_affected',
      justification: 'component_not_present',
      by: 'ci',
    });
    expect(vexOf(vex('not_affected', { products: [{ '@id': 'pkg:deb/debian/curl' }] }))?.status).toBe(
      'not_affected',
    );
    expect(vexOf()).toBeUndefined();
  });

  it('is not told of other packages, other flaws, or by those who may not attest', () => {
    expect(vexOf(vex('not_affected', { products: [{ '@id': 'pkg:deb/debian/wget' }] }))).toBeUndefined();
    expect(vexOf(vex('not_affected', { vulnerability: { name: 'CVE-2026-2' } }))).toBeUndefined();
    const one = vex('not_affected');
    expect(vexOf({ ...one, signer: { ...one.signer, purposes: ['release'] } })).toBeUndefined();
  });

  it('goes by the latest statement of one source, by the worst of one time, and by the worst of several sources', () => {
    const later = '2026-02-01T00:00:00Z';
    expect(vexOf(vex('affected'), vex('fixed', {}, later))?.status).toBe('fixed');
    expect(vexOf(vex('affected', {}, later), vex('not_affected'))?.status).toBe('affected');
    expect(vexOf(vex('not_affected'), vex('affected', {}, undefined, 'other'))?.status).toBe('affected');
    expect(vexOf(vex('affected'), vex('not_affected', {}, later, 'other'))).toEqual({
      status: 'affected',
      justification: 'component_not_present',
      by: 'ci',
      against: ['other: not_affected'],
    });
  });
});

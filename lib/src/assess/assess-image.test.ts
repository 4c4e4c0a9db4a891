import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Advisory } from '../advisories/advisory.ts';
import { buildIndex } from '../advisories/advisory-index.ts';
import { openImage } from '../client/open-image.ts';
import { RegistrySession } from '../client/registry-session.ts';
import { writeLayout } from '../client/testing/images.ts';
import { readLayer } from '../inspect/layer.ts';
import { parsePrivateKey, type SigningKey } from '../signing/private-keys.ts';
import { assessImage, type AssessOptions, type Assessment } from './assess-image.ts';
import { makeDebian, sign } from './assess.fixtures.ts';
import { uncoveredEcosystems } from './findings-of-image.ts';
import type { Judgement } from './judgement-document.ts';
import { makeJudgement, makeRule, makeTrust } from './judgement.fixtures.ts';

const packages = {
  libssl3: { source: 'openssl', version: '3.0.1-1' },
  openssl: { source: 'openssl', version: '3.0.1-1' },
  bash: { source: 'bash', version: '5.2-1' },
};

function advisory(fields: Partial<Advisory>, name: string, fixed?: string): Advisory {
  return {
    id: 'DSA-1',
    aliases: ['CVE-2025-1111'],
    summary: 'a flaw',
    severity: 'critical',
    malicious: false,
    references: [],
    affected: [
      {
        ecosystem: 'Debian:12',
        name,
        versions: [],
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])] }],
      },
    ],
    ...fields,
  };
}

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

describe('assessImage', () => {
  const [ours, theirs] = [newKey(), newKey()];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-assess-'));
    const image = await makeDebian({ packages });
    const root = await makeDebian({ packages, config: { User: '' } });
    await writeLayout(folder, [
      { image, name: 'app' },
      { image: sign(image, ours) },
      { image: root, name: 'root' },
      { image: sign(root, theirs) },
    ]);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const judgement = (gate: 'warn' | 'hold', official: boolean): Judgement =>
    makeJudgement({
      repositories: [makeRule('**', { gate, official })],
      trust: [makeTrust('team/*', { name: 'ours', pem: ours.publicPem })],
    });

  async function assess(
    tag: string,
    advisories: readonly Advisory[],
    options: Partial<AssessOptions> = {},
  ): Promise<Assessment> {
    const index = await buildIndex(advisories);
    const source = await openImage(`${folder}:${tag}`, {
      platform: 'linux/amd64',
      session: (registry) => new RegistrySession(registry),
    });
    try {
      return await assessImage(source, {
        repository: 'team/app',
        judgement: judgement('hold', true),
        purpose: 'pull',
        now: new Date('2026-01-01T00:00:00Z'),
        findMatches: (subjects) => Promise.resolve({ matches: index.findMatches(subjects), uncovered: [] }),
        async *inspectLayers(layers) {
          for (const layer of layers)
            yield await readLayer({ digest: layer.descriptor.digest, bytes: layer.open() });
        },
        ...options,
      });
    } finally {
      await source.close();
    }
  }

  it('allows an image that is signed and has nothing wrong', async () => {
    const { facts, verdict } = await assess('app', []);
    expect(verdict).toMatchObject({ outcome: 'allow', decided: true, reasons: [], repository: 'team/app' });
    expect(facts.signatures).toMatchObject({ signers: ['ours'], trustedKeys: ['ours'], refused: [] });
    expect(facts.image).toMatchObject({ kind: 'image', platform: 'linux/amd64', missing: [] });
    expect(facts.image.layers.map((layer) => layer.createdBy)).toEqual(['ADD base', 'RUN apt-get']);
  });

  it('finds a flaw of the source package in each package built from it, once', async () => {
    const same = { id: 'OTHER-1', aliases: ['CVE-2025-1111'], severity: 'high' } as const;
    const { facts, verdict } = await assess('app', [
      advisory({ published: '2025-05-01T00:00:00Z' }, 'openssl', '3.0.2-1'),
      advisory(same, 'openssl', '3.0.2-1'),
      advisory({ id: 'DSA-2', aliases: [], severity: 'low' }, 'bash'),
    ]);
    expect(
      facts.findings?.map((one) => `${one.package} ${one.advisory} ${one.severity} ${one.fixedIn}`),
    ).toEqual([
      'libssl3 CVE-2025-1111 critical 3.0.2-1',
      'openssl CVE-2025-1111 critical 3.0.2-1',
      'bash DSA-2 low undefined',
    ]);
    expect(facts.findings?.map((one) => one.layer)).toEqual([1, 1, 1]);
    expect(verdict.outcome).toBe('hold');
    expect(verdict.reasons.map((reason) => reason.message)).toEqual([
      'libssl3 3.0.1-1 has CVE-2025-1111 (critical), fixed in 3.0.2-1; and 1 more that can be fixed',
    ]);
  });

  it('lets grace run from publication, else from the import, else not at all', async () => {
    const dated = async (
      published: string | undefined,
      firstImported: Date | undefined,
    ): Promise<string | undefined> => {
      const index = await buildIndex([advisory(published ? { published } : {}, 'bash')]);
      const findMatches: AssessOptions['findMatches'] = (subjects) =>
        Promise.resolve({
          matches: index
            .findMatches(subjects)
            .map((match) => ({ ...match, ...(firstImported && { firstImported }) })),
          uncovered: [],
        });
      return (await assess('app', [], { findMatches })).facts.findings?.[0]?.since;
    };
    const imported = new Date('2025-11-11T00:00:00Z');
    expect(await dated('2025-05-01T00:00:00Z', imported)).toBe('2025-05-01T00:00:00Z');
    expect(await dated(undefined, imported)).toBe('2025-11-11T00:00:00.000Z');
    expect(await dated(undefined, undefined)).toBe('1970-01-01T00:00:00.000Z');
  });

  it('lets grace run from the first import of an id, in whatever order those who have it are read', async () => {
    const index = await buildIndex([advisory({}, 'bash')]);
    const imports = ['2025-11-11T00:00:00Z', '2025-10-10T00:00:00Z', '2025-12-12T00:00:00Z'];
    for (const order of [imports, imports.toReversed(), imports.toSorted()]) {
      const findMatches: AssessOptions['findMatches'] = (subjects) => {
        const matches = index
          .findMatches(subjects)
          .flatMap((match) => order.map((time) => ({ ...match, firstImported: new Date(time) })));
        return Promise.resolve({ matches, uncovered: [] });
      };
      const { facts } = await assess('app', [], { findMatches });
      expect(facts.findings?.map(({ since }) => since)).toEqual(['2025-10-10T00:00:00.000Z']);
    }
  });

  it('holds what another key signed, and says so', async () => {
    const { verdict } = await assess('root', []);
    expect(verdict.outcome).toBe('hold');
    expect(verdict.reasons[0]).toMatchObject({ routine: 'signed', state: 'failed' });
    expect(verdict.reasons[0]?.message).toContain(
      'not signed by a trusted key; a signature was found that does not count',
    );
  });

  it('knows no keys for repositories that the trust policy does not name', async () => {
    const { verdict } = await assess('app', [], { repository: 'other' });
    expect(verdict.reasons[0]?.message).toBe(
      'no key is trusted for this repository, so no signature can count',
    );
  });

  it('only warns where the judgement says so', async () => {
    const { verdict } = await assess('root', [], {
      repository: 'other',
      judgement: judgement('warn', false),
    });
    expect(verdict.outcome).toBe('warn');
    expect(verdict.reasons.map((reason) => reason.routine)).toEqual(['non-root']);
  });

  it('is undecided without advisories', async () => {
    const { facts, verdict } = await assess('app', [], { findMatches: undefined });
    expect(facts.findings).toBeUndefined();
    expect(verdict).toMatchObject({ outcome: 'hold', decided: false });
  });

  it('is not clean where no advisory is about its packages', async () => {
    const { facts, verdict } = await assess('app', [], {
      findMatches: (subjects) =>
        Promise.resolve({ matches: [], uncovered: uncoveredEcosystems(subjects, () => false) }),
    });
    expect(facts.advisories).toEqual({ uncovered: ['Debian:12'], ages: [] });
    expect(verdict.outcome).toBe('hold');
    expect(verdict.reasons[0]?.message).toBe(
      'no advisories about Debian:12 were imported, so nothing was looked for there',
    );
  });

  it('is not clean where a layer was not inspected', async () => {
    const { inventory, verdict } = await assess('app', [], {
      async *inspectLayers(layers) {
        const [first] = layers;
        yield await readLayer({ digest: first!.descriptor.digest, bytes: first!.open() });
      },
    });
    expect(inventory.complete).toBe(false);
    expect(verdict.outcome).toBe('hold');
    expect(verdict.reasons[0]?.message).toMatch(/^could not be read completely: layer 1: /);
  });

  it('gives the same verdict twice, byte for byte', async () => {
    const advisories = [
      advisory({}, 'openssl', '3.0.2-1'),
      advisory({ id: 'DSA-2', aliases: [] }, 'bash', '6'),
    ];
    const first = await assess('app', advisories);
    const second = await assess('app', advisories.toReversed());
    expect(JSON.stringify(second.verdict)).toBe(JSON.stringify(first.verdict));
  });
});

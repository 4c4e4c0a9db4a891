import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../harness/command.ts';
import {
  emptyConfig,
  imageConfig,
  imageOf,
  indexOf,
  manifestOf,
  rawLayer,
  smallRoot,
  type Layer,
} from '../harness/images.ts';
import { checkedVerdict, type Pushable, type Told } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { expectHeld, expectServed, openSetting, publish, type Published, type Setting } from './setting.ts';

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const inToto = 'application/vnd.in-toto+json';
const helmConfig = 'application/vnd.cncf.helm.config.v1+json';
const helmChart = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

const dressed = (layer: Layer, mediaType: string): Layer => ({ ...layer, mediaType });

/** Images, each of which claims by every media type to be something else. */
const disguises: Readonly<Record<string, (root: Layer) => Pushable>> = {
  'a bundle of cosign 3': (root) =>
    manifestOf([dressed(root, bundleType)], emptyConfig, { artifactType: bundleType }),
  'a signature of cosign 2': (root) =>
    manifestOf([dressed(root, simpleSigning)], imageConfig([root]), {
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    }),
  'a signature with an image below it': (root) => {
    const payload = rawLayer(JSON.stringify(simplePayload('sha256:0')), simpleSigning);
    return manifestOf([payload, dressed(root, simpleSigning)], imageConfig([payload, root]), {});
  },
  'a Helm chart': (root) =>
    manifestOf([dressed(root, helmChart)], rawLayer('{"name":"x","version":"1.0.0"}', helmConfig), {}),
  'an SBOM': (root) =>
    manifestOf([dressed(root, 'application/vnd.cyclonedx+json')], emptyConfig, {
      artifactType: 'application/vnd.cyclonedx+json',
    }),
  'an attestation of BuildKit': (root) =>
    manifestOf([dressed(root, inToto)], imageConfig([root]), {
      artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
    }),
};

function simplePayload(digest: string): object {
  return {
    critical: {
      identity: { 'docker-reference': 'a/b' },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  };
}

function statement(predicateType: string): object {
  const subject = [{ name: 'x', digest: { sha256: '0'.repeat(64) } }];
  return { _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} };
}

describe.skipIf(lacksTools(['cosign2', 'cosign3', 'helm']))('in an official namespace', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting(['p256']);
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  async function kindAndVerdict({ repository, digest }: Published): Promise<{ kind: string; verdict: Told }> {
    const verdict = await checkedVerdict(setting.as.reader, repository, digest);
    const { json } = await setting.as.signer.api<{ kind: string }>('images', {
      repository,
      reference: digest,
    });
    return { kind: json.kind, verdict };
  }

  it.each(Object.keys(disguises))('an image dressed as %s stays an image', async (name) => {
    const repository = `official/${name.toLowerCase().replaceAll(/\W+/g, '-')}`;
    const image = await publish(setting, repository, disguises[name]!(smallRoot(name)));
    const { kind, verdict } = await kindAndVerdict(image);
    expect([kind, verdict.outcome]).toEqual(['image', 'hold']);
    expect(verdict.reasons.map(({ routine }) => routine)).toContain('signed');
    await expectHeld(setting, image, /not signed/);
  });

  it('an image that stands in an index as an attestation of BuildKit is held', async () => {
    const repository = 'official/child';
    const real = await publish(setting, repository, imageOf([smallRoot('real')]), 'real');
    const fake = await publish(
      setting,
      repository,
      disguises['an attestation of BuildKit']!(smallRoot('fake')),
      'fake',
    );
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': real.digest,
    };
    const platform = { architecture: 'unknown', os: 'unknown' };
    const index = await publish(
      setting,
      repository,
      indexOf([real, { ...fake, annotations, platform }]),
      'all',
    );
    await setting.signer('p256').sign('cosign2', index.reference);
    await setting.signer('p256').sign('cosign2', real.reference);
    await expectServed(setting, index);
    await expectServed(setting, real);
    await expectHeld(setting, fake, /not signed/);
  });

  it('attestations that BuildKit puts beside an image need no signature', async () => {
    const repository = 'official/buildkit';
    const real = await publish(setting, repository, imageOf([smallRoot('attested')]), 'real');
    const documents = ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'].map((type) =>
      rawLayer(JSON.stringify(statement(type)), inToto),
    );
    const attestation = await publish(
      setting,
      repository,
      manifestOf(documents, unknownPlatform(documents), {}),
      'attestation',
    );
    const platform = { architecture: 'unknown', os: 'unknown' };
    await publish(setting, repository, indexOf([real, { ...attestation, platform }]), 'all');
    const { kind, verdict } = await kindAndVerdict(attestation);
    expect([kind, verdict.outcome]).toEqual(['attestation', 'allow']);
    expect(verdict.passed).not.toContain('signed');
    await expectServed(setting, attestation);
  });

  it('signatures and attestations of cosign are served, whoever made them', async () => {
    const image = await publish(setting, 'official/evidence');
    for (const tool of ['cosign2', 'cosign3'] as const) {
      await setting.signer('p256').sign(tool, image.reference);
      await setting.signer('p256').attest(tool, image.reference, 'https://example.com/x');
    }
    const { repository } = image;
    const hex = image.digest.replace(':', '-');
    const tags = [`${hex}.sig`, `${hex}.att`];
    const { body } = await setting.as.reader.send('GET', `/v2/${repository}/referrers/${image.digest}`);
    const { manifests }: { manifests: Array<{ digest: string }> } = JSON.parse(body.toString());
    expect(manifests).toHaveLength(2);
    const kinds: string[] = [];
    for (const reference of [...tags, ...manifests.map(({ digest }) => digest)]) {
      const verdict = await checkedVerdict(setting.as.reader, repository, reference);
      const { json } = await setting.as.reader.api<{ kind: string }>('images', { repository, reference });
      kinds.push(`${json.kind} ${verdict.outcome}`);
      const path = `/v2/${repository}/manifests/${reference}`;
      const manifest = await setting.as.reader.send('GET', path);
      expect(manifest.status).toBe(200);
      const { layers }: { layers: Array<{ digest: string }> } = JSON.parse(manifest.body.toString());
      expect(layers.length).toBeGreaterThan(0);
      for (const { digest } of layers) {
        expect((await setting.as.reader.send('GET', `/v2/${repository}/blobs/${digest}`)).status).toBe(200);
      }
    }
    expect(kinds.sort()).toEqual([
      'attestation allow',
      'attestation allow',
      'signature allow',
      'signature allow',
    ]);
  });

  it.each([
    ['CycloneDX', 'application/vnd.cyclonedx+json', { bomFormat: 'CycloneDX', specVersion: '1.6' }],
    ['SPDX', 'application/spdx+json', { spdxVersion: 'SPDX-2.3', name: 'x' }],
  ])('an SBOM as %s needs no signature', async (name, type, document) => {
    const sbom = manifestOf([rawLayer(JSON.stringify(document), type)], emptyConfig, { artifactType: type });
    const published = await publish(setting, `official/sbom-${name.toLowerCase()}`, sbom);
    expect(await kindAndVerdict(published)).toMatchObject({ kind: 'sbom', verdict: { outcome: 'allow' } });
    await expectServed(setting, published);
  });

  it('a chart that helm made is a chart, and needs a signature', async () => {
    const source = join(setting.folder, 'ship');
    mkdirSync(join(source, 'templates'), { recursive: true });
    writeFileSync(join(source, 'Chart.yaml'), 'apiVersion: v2\nname: ship\nversion: 1.2.3\n');
    writeFileSync(
      join(source, 'templates/map.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n',
    );
    await run(['helm', 'package', source, '-d', setting.folder]);
    const bytes = readFileSync(join(setting.folder, 'ship-1.2.3.tgz'));
    const config = rawLayer('{"name":"ship","version":"1.2.3","apiVersion":"v2"}', helmConfig);
    const chart = await publish(
      setting,
      'official/ship',
      manifestOf([rawLayer(bytes, helmChart)], config, {}),
    );
    const { kind, verdict } = await kindAndVerdict(chart);
    expect([kind, verdict.reasons.map(({ routine }) => routine)]).toEqual(['chart', ['signed']]);
    await expectHeld(setting, chart, /not signed/);
    await setting.signer('p256').sign('cosign3', chart.reference);
    await expectServed(setting, chart);
  });

  it('any other artifact needs a signature', async () => {
    const other = manifestOf([rawLayer('{"weights":[1,2]}', 'application/json')], emptyConfig, {
      artifactType: 'application/vnd.example.model',
    });
    const published = await publish(setting, 'official/model', other);
    expect(await kindAndVerdict(published)).toMatchObject({ kind: 'artifact', verdict: { outcome: 'hold' } });
    await expectHeld(setting, published, /not signed/);
    await setting.signer('p256').sign('cosign2', published.reference);
    await expectServed(setting, published);
  });
});

/** The config that BuildKit writes for attestations. */
function unknownPlatform(layers: readonly Layer[]): Layer {
  const config = {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  };
  return rawLayer(JSON.stringify(config), 'application/vnd.oci.image.config.v1+json');
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { emptyConfig, manifestOf, rawLayer } from '../harness/images.ts';
import { types, type Part } from '../harness/oci-layout.ts';
import { lacksTools } from '../requirements.ts';
import { startProduct, type Product } from '../harness/product.ts';
import {
  checkedVerdict,
  until,
  visitor,
  type Pushable,
  type Told,
  type Visitor,
} from '../harness/registry-client.ts';
import {
  attempted,
  cosignVerifies,
  done,
  logIn,
  makeImages,
  makePolicy,
  pushImages,
  type Images,
} from './setting.ts';

/** Something that refers to an image and says nothing of it. */
function referrerOf({ digest, size }: Part): Pushable {
  const subject = { mediaType: types.manifest, digest, size };
  return manifestOf([rawLayer('{}', 'application/vnd.example+json')], emptyConfig, {
    artifactType: 'application/vnd.example',
    subject,
  });
}

interface Inspected {
  readonly facts: {
    readonly attestations: {
      readonly valid: ReadonlyArray<{ readonly predicateType: string }>;
      readonly refused: ReadonlyArray<{ readonly reason: string }>;
    };
  };
}

interface Referrer {
  readonly digest: string;
  readonly annotations?: Readonly<{ [name: string]: string }>;
}

describe.skipIf(lacksTools(['cosign2', 'cosign3']))(
  'a chain of custody that the registry itself walks',
  () => {
    let folder: string;
    let product: Product;
    let images: Images;
    let admin: Visitor;
    let reader: Visitor;
    let rules: string[];
    const signers = ['base', 'app', 'alice', 'bob'];
    const custody = (...given: string[]) => done(folder, 'custody', ...given, ...rules);
    const key = (name: string) => ['--key', join(folder, 'keys', `${name}.key`)];
    const reference = (image: string) => `${product.host}/${image}`;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'wharf-gate-'));
      const rights = [{ repositories: '**', actions: ['pull'] }];
      const config = {
        namespaces: [{ name: '*', gate: 'warn' }],
        users: [
          { name: 'reader', password: 'password-of-reader', rights },
          {
            name: 'purger',
            password: 'password-of-purger',
            rights: [{ repositories: '**', actions: ['pull', 'delete', 'purge'] }],
          },
        ],
      };
      product = await startProduct({ folder, config });
      logIn(folder, product.host, product.authorization);
      admin = visitor(product.url, { name: product.user, password: product.password });
      reader = visitor(product.url, { name: 'reader', password: 'password-of-reader' });
      images = makeImages(folder);
      const session = new RegistrySession(product.host, {
        credentials: { username: product.user, password: product.password },
      });
      await pushImages(images, session);
      await session.close();
      const file = await makePolicy(folder);
      rules = ['--layout', file];
      // the same signers and layout as records of the registry
      for (const name of signers) {
        await done(folder, 'publisher', 'add', product.host, name);
        const pem = join(folder, 'keys', `${name}.pub`);
        const principal = ['base', 'app'].includes(name) ? `bot-${name}` : name;
        const purposes = ['--purpose', 'stamp', ...(name === 'app' ? ['intake'] : [])];
        await done(
          folder,
          'publisher',
          'key',
          product.host,
          name,
          `${name}-key`,
          '--key',
          pem,
          '--principal',
          principal,
          ...purposes,
        );
      }
      for (const pattern of ['base/**', 'prod/**'])
        await done(folder, 'trust', 'add', product.host, pattern, '--publisher', ...signers);
      const { layout } = parse(readFileSync(file, 'utf8')) as { layout: object };
      writeFileSync(join(folder, 'layout.yaml'), stringify(layout));
      await done(folder, 'layout', 'add', product.host, 'prod/**', join(folder, 'layout.yaml'));
      const binding = {
        id: 'custody',
        collection: 'standard',
        routine: 'custody-complete',
        scope: { repositories: ['prod/**'] },
        purposes: ['pull'],
        effect: 'hold',
      };
      writeFileSync(join(folder, 'binding.yaml'), stringify(binding));
      await done(folder, 'binding', 'add', product.host, join(folder, 'binding.yaml'));
    });
    afterAll(async () => {
      await product?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const verdict = (repository: string, { digest }: { digest: string }): Promise<Told> =>
      checkedVerdict(admin, repository, digest);
    const pull = async () =>
      reader
        .send('GET', `/v2/prod/api/manifests/${images.app.digest}`)
        .then(({ status, message }) => `${status} ${message}`);
    const referrers = async (repository: string, { digest }: { digest: string }): Promise<Referrer[]> => {
      const { body } = await admin.send('GET', `/v2/${repository}/referrers/${digest}`);
      return (JSON.parse(body.toString()) as { manifests: Referrer[] }).manifests;
    };

    const app = () => reference('prod/api:app');
    const summaries = async (): Promise<Referrer[]> =>
      (await referrers('prod/api', images.app)).filter(
        ({ annotations }) =>
          annotations?.['dev.sigstore.bundle.predicateType'] === predicateTypes.verificationSummary,
      );
    /** What `wharf custody show` tells of the registry's word, which it knows by the key in the custody file. */
    const summariesShown = async (): Promise<unknown> => {
      const file = join(folder, 'knowing.yaml');
      writeFileSync(file, `${readFileSync(rules[1]!, 'utf8')}\nregistryKey: keys/registry.pub\n`);
      const shown = await done(folder, 'custody', 'show', app(), '--layout', file);
      return (shown as { summaries: unknown }).summaries;
    };
    const deleted = async ({ digest }: { digest: string }): Promise<object[]> => {
      const { body } = await admin.send('GET', `/api/v1/tombstones?repository=prod/api&reference=${digest}`);
      const { tombstones } = JSON.parse(body.toString()) as {
        tombstones: Array<{ digest: string; by: unknown }>;
      };
      return tombstones.map(({ digest: carrier, by }) => ({ digest: carrier, by }));
    };

    test('holds an image that nobody has linked, and names the layer', async () => {
      await verdict('prod/api', images.app);
      expect(await pull()).toMatch(/^403 .*no team of stage app has linked it/);
    });

    test('serves it when its chain is complete, and holds one that was tampered with', async () => {
      const base = reference('base/debian:12');
      const app = reference('prod/api:app');
      await custody('link', base, '--team', 'platform', ...key('base'));
      await custody('intake', base, '--team', 'payments', ...key('app'));
      await custody('link', app, '--parent', base, '--team', 'payments', ...key('app'));
      expect(await pull()).toMatch(/^403 .*needs 2 approvals/);
      await custody('approve', app, '--role', 'security', ...key('alice'));
      await custody('approve', app, '--role', 'release', '--until', '30d', ...key('bob'));
      expect(await pull()).toMatch(/^200/);
      const { outcome } = await verdict('prod/api', images.tampered);
      expect(outcome).toBe('hold');
    });

    test('says so itself, once, in a statement that cosign verifies', async () => {
      const type = predicateTypes.verificationSummary;
      const [made] = await until(async () => {
        const found = await summaries();
        return found.length > 0 ? found : undefined;
      }, 'the summary');
      expect((await verdict('prod/api', made!)).outcome).toBe('allow');
      const pem = readFileSync(join(product.data, 'registry-key.pem'), 'utf8');
      writeFileSync(join(folder, 'keys', 'registry.pub'), parsePrivateKey(pem, undefined).publicPem);
      await cosignVerifies(folder, `${product.host}/prod/api@${images.app.digest}`, type, 'registry');
      // what is pushed beside it has it verified again, and the chain is the same
      await admin.push('prod/api', referrerOf(images.app), undefined);
      await verdict('prod/api', images.app);
      expect(await pull()).toMatch(/^200/);
      expect(await summaries()).toHaveLength(1);
      expect(await referrers('prod/api', images.tampered)).toEqual([]);
    });

    test('is known by its key: no attestation that is refused, and no word on another state of the chain', async () => {
      const { facts } = (await done(folder, 'inspect', app())) as Inspected;
      expect(facts.attestations.refused).toEqual([]);
      expect(facts.attestations.valid.map(({ predicateType }) => predicateType)).not.toContain(
        predicateTypes.verificationSummary,
      );
      expect(await summariesShown()).toEqual([expect.objectContaining({ by: 'wharfinger', state: 'same' })]);
      writeFileSync(join(folder, 'judgement.json'), (await admin.send('GET', '/api/v1/judgement')).body);
      const judgement = ['--judgement', join(folder, 'judgement.json')];
      const trusted = ['--registry-key', join(folder, 'keys', 'registry.pub')];
      const { code, output } = await attempted(folder, 'tree', app(), ...judgement, ...trusted);
      expect(code).toBe(0);
      expect(output).toMatch(
        /summary +wharfinger itself: the chain of custody of oci:\/\/wharfinger\/prod\/api@/,
      );
      expect(output).not.toMatch(/^ +no /m);
    });

    test('says so anew when the chain is another one, and takes back what it said before', async () => {
      const [before] = await summaries();
      await custody('approve', app(), '--role', 'security', '--until', '20d', ...key('alice'));
      const [after] = await until(async () => {
        const found = await summaries();
        return found.some(({ digest }) => digest === before!.digest) || found.length === 0
          ? undefined
          : found;
      }, 'another summary');
      expect(await deleted(images.app)).toEqual([{ digest: before!.digest, by: null }]);
      expect(await summaries()).toEqual([after]);
      expect(await pull()).toMatch(/^200/);
    });

    test('keeps the images and the evidence that it rests on, whoever asks', async () => {
      const purger = visitor(product.url, { name: 'purger', password: 'password-of-purger' });
      const [first] = await referrers('base/debian', images.base);
      for (const digest of [images.base.digest, first!.digest]) {
        for (const who of [admin, purger]) {
          const { status, code, message } = await who.send('DELETE', `/v2/base/debian/manifests/${digest}`);
          expect([status, code, message]).toEqual([
            409,
            'DENIED',
            expect.stringContaining(`prod/api@${images.app.digest} is built on`),
          ]);
        }
      }
      expect(await pull()).toMatch(/^200/);
    });

    test('holds it in the moment in which the key of an ancestor is revoked', async () => {
      const { images: touched } = (await done(
        folder,
        'key',
        'revoke',
        product.host,
        'base-key',
        '--reason',
        'INC-12',
      )) as {
        images: number;
      };
      expect(touched).toBeGreaterThan(0);
      expect(await pull()).toMatch(/^403 .*layer/);
      const { reasons } = await verdict('prod/api', images.app);
      expect(JSON.stringify(reasons)).toContain('INC-12');
    });

    test('takes its word back when the chain is complete no more', async () => {
      await until(async () => ((await summaries()).length === 0 ? true : undefined), 'no summary');
      expect(await deleted(images.app)).toHaveLength(2);
      const shown = await admin.send('GET', '/api/v1/audit?action=delete&repository=prod/api');
      const { entries } = JSON.parse(shown.body.toString()) as { entries: Array<{ actor: unknown }> };
      expect(entries.map(({ actor }) => actor)).toEqual([null, null]);
      await expect(
        cosignVerifies(
          folder,
          `${product.host}/prod/api@${images.app.digest}`,
          predicateTypes.verificationSummary,
          'registry',
        ),
      ).rejects.toThrow(/attestation/);
    });
  },
);

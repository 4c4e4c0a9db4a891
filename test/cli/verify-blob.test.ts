import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { LocalSigstore, signFile } from '../../lib/src/signing/sigstore/testing/local-sigstore.ts';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { lacksPath, lacksTools } from '../requirements.ts';

const folder = mkdtempSync(join(tmpdir(), 'verify-blob-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signatures = join(process.env['WHARFINGER_TEST_DATA'] ?? '', 'signatures');
const beacon =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))('wharf verify-blob, given public bundles', () => {
  const cases = join(signatures, 'conformance');
  const names = existsSync(cases)
    ? readdirSync(cases, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];

  /** A file of a case, or what stands in for it. */
  const fileOf = (name: string, file: string, otherwise: string): string => {
    const own = join(cases, name, file);
    return existsSync(own) ? own : join(cases, otherwise);
  };

  const textOf = (name: string, file: string, otherwise: string): string => {
    const own = join(cases, name, file);
    return existsSync(own) ? readFileSync(own, 'utf8').trim() : otherwise;
  };

  function argumentsFor(name: string): string[] {
    const key = join(cases, name, 'key.pub');
    return [
      'verify-blob',
      fileOf(name, 'artifact', 'a.txt'),
      '--bundle',
      join(cases, name, 'bundle.sigstore.json'),
      '--trusted-root',
      fileOf(name, 'trusted_root.json', '../public-good.json'),
      ...(existsSync(key)
        ? ['--key', key]
        : [
            '--certificate-identity',
            textOf(name, 'identity', beacon),
            '--certificate-oidc-issuer',
            textOf(name, 'issuer', 'https://token.actions.githubusercontent.com'),
          ]),
    ];
  }

  test.each(names.map(({ name }) => name))('answers the conformance case %s', async (name) => {
    const { code, output, error } = await wharf([...argumentsFor(name), '--json']);
    const verified = output !== '' && (JSON.parse(output) as { verified: boolean }).verified;
    expect([verified, code === 0]).toEqual(name.endsWith('_fail') ? [false, false] : [true, true]);
    // A key or root that is none is said before anything is verified.
    const isUnusable = /the key cannot be used|the trusted root of Sigstore cannot be used/.test(error);
    expect(code).toBe(name.endsWith('_fail') ? (isUnusable ? 1 : 3) : 0);
  });

  test.each([
    [
      'oci-attestation.sigstore.json',
      'sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4',
      'cody@soyland.com',
    ],
    [
      'dsse.sigstore.json',
      'sha512:bbfd372fc9beeb777fe35d05bb10c0c70a9733d366a75fed7dd18866c7391de3ee7e88ba74dd47abf3e15c845e547fcf0e5c3da80854c751554224d3a6d4e55f',
      'brian@dehamer.com',
    ],
  ])(
    'verifies %s, made by the public instance, by the digest of what it is about',
    async (file, digest, identity) => {
      const given = [
        'verify-blob',
        '--bundle',
        join(signatures, file),
        '--trusted-root',
        join(signatures, 'public-good.json'),
        '--certificate-oidc-issuer',
        'https://github.com/login/oauth',
      ];
      const good = await wharf([...given, digest, '--certificate-identity', identity, '--json']);
      expect([good.error, good.code]).toEqual(['', 0]);
      expect(JSON.parse(good.output)).toMatchObject({ verified: true, identity: { subject: identity } });
      const wrongFile = digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      expect(await wharf([...given, wrongFile, '--certificate-identity', identity])).toMatchObject({
        code: 3,
        output: expect.stringContaining('the statement is about other files'),
      });
      expect(await wharf([...given, digest, '--certificate-identity', `x${identity}`])).toMatchObject({
        code: 3,
        output: expect.stringContaining(`it is signed by "${identity}"`),
      });
    },
  );
});

describe('wharf verify-blob', () => {
  const sigstore = new LocalSigstore();
  const person = { subject: 'someone@acme.example', issuer: 'https://token.example' };
  const content = Buffer.alloc(3 * 1024 * 1024, 'content ');
  const file = write('file', content);
  const root = write('trusted_root.json', sigstore.trustedRoot());
  const bundle = write('file.sigstore.json', JSON.stringify(signFile(sigstore, content, person)));
  const issuer = ['--certificate-oidc-issuer', person.issuer];

  test('tells who signed, and when', async () => {
    const given = ['--bundle', bundle, '--trusted-root', root, '--certificate-identity', person.subject];
    const { output, code, error } = await wharf(['verify-blob', file, ...given, ...issuer, '--no-color']);
    expect([code, error]).toEqual([0, '']);
    expect(output).toBe(
      `verified  ${file}\n  ${person.subject}, for whom ${person.issuer} vouches\n` +
        `  at ${sigstore.now.toISOString()}\n`,
    );
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    expect((await wharf(['verify-blob', digest, ...given, ...issuer])).code).toBe(0);
  });

  test('matches patterns as a whole', async () => {
    const by = (pattern: string) =>
      wharf([
        'verify-blob',
        file,
        '--bundle',
        bundle,
        '--trusted-root',
        root,
        '--certificate-identity-regexp',
        pattern,
        '--certificate-oidc-issuer-regexp',
        'https://.*',
      ]);
    expect((await by('.*@acme\\.example')).code).toBe(0);
    expect((await by('someone@acme')).code).toBe(3);
    expect(await by('(a)\\1')).toMatchObject({
      code: 1,
      error: expect.stringContaining('no regular expression'),
    });
  });

  test.each([
    ['neither key nor identity', [], 'say whose signature counts'],
    ['no issuer', ['--certificate-identity', 'x', '--trusted-root', root], 'say who vouches'],
    ['no root', ['--certificate-identity', 'x', ...issuer], 'say which authorities count'],
    ['both a key and an identity', ['--key', root, '--certificate-identity', 'x'], 'exclude each other'],
    [
      'both an identity and a pattern',
      ['--certificate-identity', 'x', '--certificate-identity-regexp', 'x'],
      'exclude each other',
    ],
    ['an empty identity', ['--certificate-identity', ''], 'is empty'],
  ])('wants to know whose signature counts: %s', async (_, given, message) => {
    const ran = await wharf(['verify-blob', file, '--bundle', bundle, ...given]);
    expect(ran).toMatchObject({ code: 2, output: '', error: expect.stringContaining(message) });
  });

  test('fails, which is no refusal, where a file is missing or of another kind', async () => {
    const given = ['--certificate-identity', person.subject, ...issuer];
    const missing = join(folder, 'missing');
    for (const [artifact, bundleFile, rootFile] of [
      [missing, bundle, root],
      [file, missing, root],
      [file, bundle, missing],
      [file, bundle, bundle],
      [folder, bundle, root],
    ] as const) {
      const files = ['--bundle', bundleFile, '--trusted-root', rootFile];
      expect(await wharf(['verify-blob', artifact, ...files, ...given])).toMatchObject({
        code: 1,
        output: '',
      });
    }
  });

  test('refuses what is no bundle', async () => {
    const given = ['--certificate-identity', person.subject, ...issuer, '--trusted-root', root];
    for (const text of ['', 'x', '{}', '[]', 'null', '{"mediaType":1}']) {
      const bundleFile = write('no-bundle', text);
      expect((await wharf(['verify-blob', file, '--bundle', bundleFile, ...given])).code).toBe(3);
    }
  });
});

describe.skipIf(lacksTools(['cosign3', 'openssl']))(
  'wharf verify-blob, given what cosign 3 signs with keys',
  () => {
    const run = promisify(execFile);
    const environment = { ...process.env, COSIGN_PASSWORD: 'a password' };
    const cosign = (...given: string[]) => run('cosign3', given, { env: environment, cwd: folder });

    test.each([
      ['p256', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
      ['p384', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
      ['p521', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
      ['ed25519', ['ED25519']],
      ['rsa', ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072']],
    ])('%s: a file, and no other', async (kind, algorithm) => {
      const file = write(`${kind}.txt`, `a file signed with ${kind}`);
      await run('openssl', ['genpkey', '-algorithm', ...algorithm, '-out', `${kind}.pem`], { cwd: folder });
      await cosign('import-key-pair', '-y', '--key', `${kind}.pem`, '--output-key-prefix', kind);
      const flags = ['--use-signing-config=false', '--tlog-upload=false', '-y', '--key', `${kind}.key`];
      await cosign('sign-blob', ...flags, '--bundle', `${kind}.sigstore.json`, file);
      const trust = ['--bundle', join(folder, `${kind}.sigstore.json`), '--key', join(folder, `${kind}.pub`)];
      expect(await wharf(['verify-blob', file, ...trust])).toMatchObject({ code: 0, error: '' });
      const other = write(`${kind}-other.txt`, 'another file');
      expect((await wharf(['verify-blob', other, ...trust])).code).toBe(3);
      const root = write('root.json', new LocalSigstore().trustedRoot());
      expect(await wharf(['verify-blob', file, ...trust, '--trusted-root', root])).toMatchObject({
        code: 3,
        output: expect.stringContaining('expected 1 tlog entries, got 0'),
      });
    });

    test('an attestation about a file', async () => {
      const file = write('attested.txt', 'an attested file');
      const predicate = write('predicate.json', '{"found":0}');
      await cosign('generate-key-pair', '--output-key-prefix', 'attester');
      const flags = ['--use-signing-config=false', '--tlog-upload=false', '-y', '--key', 'attester.key'];
      const what = [
        '--predicate',
        predicate,
        '--type',
        'https://test.example/scan',
        '--bundle',
        'attested.sigstore.json',
      ];
      await cosign('attest-blob', ...flags, ...what, file);
      const trust = [
        '--bundle',
        join(folder, 'attested.sigstore.json'),
        '--key',
        join(folder, 'attester.pub'),
      ];
      expect(await wharf(['verify-blob', file, ...trust, '--no-color'])).toMatchObject({
        code: 0,
        output: expect.stringContaining('an attestation of type https://test.example/scan'),
      });
      expect((await wharf(['verify-blob', predicate, ...trust])).code).toBe(3);
    });

    test('a bundle made here without keys is verified by cosign too', async () => {
      const sigstore = new LocalSigstore();
      const person = { subject: 'someone@acme.example', issuer: 'https://token.example' };
      const file = write('ours.txt', 'our file');
      write('ours-root.json', sigstore.trustedRoot());
      for (const log of [sigstore.log, sigstore.secondLog]) {
        write('ours.sigstore.json', JSON.stringify(signFile(sigstore, readFileSync(file), person, { log })));
        const flags = ['--bundle', 'ours.sigstore.json', '--trusted-root', 'ours-root.json'];
        const by = (subject: string) => [
          '--certificate-identity',
          subject,
          '--certificate-oidc-issuer',
          person.issuer,
        ];
        // Of logs that only prove, cosign takes the time from the timestamp only where it is told so.
        const stamped = log.version === 2 ? ['--use-signed-timestamps'] : [];
        await cosign('verify-blob', ...flags, ...stamped, ...by(person.subject), file);
        await expect(
          cosign('verify-blob', ...flags, ...stamped, ...by('else@acme.example'), file),
        ).rejects.toThrow(/expected SAN value/);
        const both = [
          'verify-blob',
          file,
          ...flags.map((flag) => (flag.startsWith('--') ? flag : join(folder, flag))),
        ];
        expect((await wharf([...both, ...by(person.subject)])).code).toBe(0);
      }
    });
  },
);

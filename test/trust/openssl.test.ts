import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificates } from '@wharfinger/lib/signing/notation/trust-store';
import { parseRevocationLists } from '@wharfinger/lib/signing/notation/revocation-list';
import { whyRevoked } from '@wharfinger/lib/signing/notation/revocation-check';
import { verifyTimestamp } from '@wharfinger/lib/signing/notation/timestamp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { lacksTools } from '../requirements.ts';

/** What OpenSSL does as an authority: certificates, revocation lists, timestamps. */
const configuration = `
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[leaf]
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
[time]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = stamp
[stamp]
serial = tsaserial
crypto_device = builtin
signer_cert = time.pem
certs = root.pem
signer_key = time.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ess_cert_id_alg = sha256
ordering = yes
tsa_name = yes
`;

describe.skipIf(lacksTools(['openssl']))('what OpenSSL makes', () => {
  let folder: string;
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const certificate = (name: string) => parseCertificates(text(`${name}.pem`), name)[0]!;

  describe.each<[string, string[]]>([
    ['rsa', ['rsa:3072']],
    ['ec', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ])('with %s', (_, kind) => {
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'openssl-'));
      writeFileSync(join(folder, 'openssl.cnf'), configuration);
      writeFileSync(join(folder, 'index.txt'), '');
      for (const name of ['serial', 'crlnumber', 'tsaserial']) writeFileSync(join(folder, name), '00F1\n');
      mkdirSync(join(folder, 'bytes'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('as a root and its certificates is read', () => {
      const req = (name: string, ...more: string[]) =>
        openssl(
          'req',
          '-config',
          'openssl.cnf',
          '-newkey',
          ...kind,
          '-nodes',
          '-keyout',
          `${name}.key`,
          '-subj',
          `/CN=${name}`,
          ...more,
        );
      req('root', '-x509', '-extensions', 'root', '-days', '90', '-out', 'root.pem');
      for (const name of ['leaf', 'other', 'time']) {
        const extensions = name === 'time' ? 'time' : 'leaf';
        req(name, '-reqexts', extensions, '-out', `${name}.csr`);
        openssl(
          'ca',
          '-config',
          'openssl.cnf',
          '-batch',
          '-notext',
          '-cert',
          'root.pem',
          '-keyfile',
          'root.key',
          '-in',
          `${name}.csr`,
          '-out',
          `${name}.pem`,
        );
      }
      expect(certificate('leaf').name).toBe('CN=leaf');
    });

    it('as a revocation list is read, and revokes what it names', () => {
      const ca = ['ca', '-config', 'openssl.cnf', '-cert', 'root.pem', '-keyfile', 'root.key'];
      // asked after the list was made, however long that took: a list that begins later counts for nothing
      const why = (name: string, at = new Date(Date.now() + 1000)) =>
        whyRevoked(
          [certificate(name), certificate('root')],
          parseRevocationLists([text('root.crl')]),
          undefined,
          { now: at, changesAt: () => {} },
        );
      openssl(...ca, '-gencrl', '-out', 'root.crl');
      expect([why('leaf'), why('other')]).toEqual([undefined, undefined]);
      openssl(...ca, '-revoke', 'leaf.pem', '-crl_reason', 'keyCompromise');
      openssl(...ca, '-gencrl', '-out', 'root.crl');
      expect(why('leaf')).toMatch(/CN=leaf was revoked by CN=root/);
      expect(why('other')).toBeUndefined();
      expect(why('other', new Date(Date.now() + 8 * 86_400_000))).toMatch(/out of date/);
    });

    test.each(['sha256', 'sha384', 'sha512'])(
      'as a timestamp of a %s verifies, and only over its bytes',
      (digest) => {
        writeFileSync(join(folder, 'bytes/a'), 'what was signed');
        openssl(
          'ts',
          '-query',
          '-config',
          'openssl.cnf',
          '-data',
          'bytes/a',
          `-${digest}`,
          '-cert',
          '-out',
          'a.tsq',
        );
        openssl(
          'ts',
          '-reply',
          '-config',
          'openssl.cnf',
          '-queryfile',
          'a.tsq',
          '-token_out',
          '-out',
          'a.token',
        );
        const token = readFileSync(join(folder, 'a.token'));
        const root = certificate('root');
        const { from, to } = verifyTimestamp(token, Buffer.from('what was signed'), [root]);
        expect(to.getTime() - from.getTime()).toBe(3000);
        expect(() => verifyTimestamp(token, Buffer.from('another'), [root])).toThrow(/of another signature/);
        expect(() => verifyTimestamp(token, Buffer.from('what was signed'), [certificate('leaf')])).toThrow(
          /not trusted/,
        );
      },
    );
  });
});

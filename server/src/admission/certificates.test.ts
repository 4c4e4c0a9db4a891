import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeWebhookCertificates } from './certificates.ts';
import { followTlsFiles, readTlsPair } from './tls-files.ts';

const now = new Date('2026-01-01T00:00:00Z');
const hosts = ['hook.ns.svc', '127.0.0.1', '2001:db8::1', '::ffff:10.0.0.1'];

describe('certificates of the webhook', () => {
  let folder: string;
  const files = { certificate: '', key: '' };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    files.certificate = join(folder, 'tls.crt');
    files.key = join(folder, 'tls.key');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(): Promise<void> {
    const made = await makeWebhookCertificates(['a.example'], 1, now);
    await writeFile(files.certificate, made.certificate);
    await writeFile(files.key, made.key);
  }

  /** In one piece, as who renews certificates does: a file that is half written is told of as well. */
  async function replace(file: string, text: string): Promise<void> {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }

  it('are of an authority of their own, for the hosts that were named and no others', async () => {
    const made = await makeWebhookCertificates(hosts, 30, now);
    const [authority, certificate] = [
      new X509Certificate(made.authority),
      new X509Certificate(made.certificate),
    ];
    expect([authority.ca, certificate.ca]).toEqual([true, false]);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
    expect(certificate.checkHost('hook.ns.svc')).toBe('hook.ns.svc');
    expect(certificate.checkHost('other.ns.svc')).toBeUndefined();
    for (const address of ['127.0.0.1', '2001:db8::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
    expect(certificate.subjectAltName).toContain('IP Address:0:0:0:0:0:FFFF:A00:1');
    expect(certificate.validToDate).toEqual(new Date('2026-01-31T00:00:00Z'));
    expect(certificate.serialNumber).not.toBe(authority.serialNumber);
  });

  it.each(['', 'a b', 'a/b', '-a', '1.2.3.4.5/8'])('are not made for %j', async (host) => {
    await expect(makeWebhookCertificates([host], 1, now)).rejects.toThrow(
      'neither a DNS name nor an IP address',
    );
  });

  it('are read with the key that belongs to them, and no other', async () => {
    await expect(readTlsPair(files)).rejects.toThrow('no such file');
    await write();
    expect((await readTlsPair(files)).cert.toString()).toContain('BEGIN CERTIFICATE');
    const other = await makeWebhookCertificates(['a.example'], 1, now);
    await writeFile(files.key, other.key);
    await expect(readTlsPair(files)).rejects.toThrow('the key is not that of the certificate');
    await writeFile(files.key, 'no key');
    await expect(readTlsPair(files)).rejects.toThrow('the configuration is not valid');
  });

  it('are put in force when both files fit each other again, and not before', async () => {
    await write();
    const told: Array<string | undefined> = [];
    const applied = Promise.withResolvers<string>();
    const stop = followTlsFiles(
      files,
      await readTlsPair(files),
      5,
      ({ cert }) => applied.resolve(String(cert)),
      (error) => told.push(error instanceof Error ? error.message : undefined),
    );
    try {
      const next = await makeWebhookCertificates(['a.example'], 1, now);
      await replace(files.certificate, next.certificate);
      await expect.poll(() => told.length).toBe(1);
      await replace(files.key, next.key);
      expect(await applied.promise).toBe(next.certificate);
      await expect.poll(() => told.at(-1)).toBeUndefined();
      expect(told[0]).toContain('the key is not that of the certificate');
      expect(told).toHaveLength(2);
    } finally {
      stop();
    }
  });
});

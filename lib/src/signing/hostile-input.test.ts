import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { array, assert, constantFrom, json, nat, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { parseEnvelopeBundle } from './bundle.ts';
import { parseSimpleSigning } from './simple-signing.ts';
import { parseStatement } from './statement.ts';

const data = process.env['WHARFINGER_TEST_DATA'];
const signatures = data === undefined ? undefined : join(data, 'signatures');
if (signatures === undefined) process.stderr.write('skipped: WHARFINGER_TEST_DATA is not set\n');

const bundle = JSON.stringify({
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: { publicKey: { hint: 'YQ==' } },
  dsseEnvelope: {
    payload: 'YQ==',
    payloadType: 'application/vnd.in-toto+json',
    signatures: [{ sig: 'YQ==' }],
  },
});
const statement = JSON.stringify({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256: 'a'.repeat(64) } }],
  predicateType: 'https://sigstore.dev/cosign/sign/v1',
  predicate: {},
});
const payload = JSON.stringify({
  critical: {
    identity: { 'docker-reference': 'a' },
    image: { 'docker-manifest-digest': `sha256:${'a'.repeat(64)}` },
    type: 'cosign container image signature',
  },
  optional: null,
});

const readers: ReadonlyArray<readonly [name: string, text: string, read: (bytes: Buffer) => unknown]> = [
  ['a bundle', bundle, parseEnvelopeBundle],
  ['a statement', statement, (bytes) => parseStatement('application/vnd.in-toto+json', bytes)],
  ['a payload', payload, parseSimpleSigning],
];

/** True if it is read or refused with a reason; anything else is thrown. */
function isAnswered(read: (bytes: Buffer) => unknown, bytes: Buffer): boolean {
  try {
    return read(bytes) !== undefined;
  } catch (error) {
    if (isWharfingerError(error, 'SIGNATURE_INVALID')) return true;
    throw error;
  }
}

describe.each(readers)('%s', (_, text, read) => {
  it('as it should be is read', () => {
    expect(read(Buffer.from(text))).toBeDefined();
  });

  it('with bytes changed is read or refused, never anything else', () => {
    const changes = array(tuple(nat(text.length - 1), nat(255)), { minLength: 1, maxLength: 4 });
    const holds = property(changes, (all) => {
      const bytes = Buffer.from(text);
      for (const [at, byte] of all) bytes[at] = byte;
      return isAnswered(read, bytes);
    });
    expect(() => assert(holds, { numRuns: 2000 })).not.toThrow();
  });

  it('of any JSON is read or refused, never anything else', () => {
    expect(() => assert(property(json(), (text) => isAnswered(read, Buffer.from(text))))).not.toThrow();
  });

  it('with any value replaced is read or refused, never anything else', () => {
    const values = [...text.matchAll(/(?<=:)(?:"[^"]*"|\{|\[|null)/g)].filter(
      ({ 0: value }) => value.length > 1,
    );
    const holds = property(constantFrom(...values), json(), (value, other) =>
      isAnswered(
        read,
        Buffer.from(text.slice(0, value.index) + other + text.slice(value.index + value[0].length)),
      ),
    );
    expect(() => assert(holds)).not.toThrow();
  });
});

describe.skipIf(signatures === undefined || !existsSync(signatures))('real bundles of others', () => {
  const read = (path: string) => parseEnvelopeBundle(readFileSync(join(signatures!, path)));

  it('that are keyless are read as that', () => {
    for (const name of [
      'oci-attestation.sigstore.json',
      'conformance/happy-path-intoto-in-dsse-v3/bundle.sigstore.json',
    ]) {
      expect(read(name).hint).toBeUndefined();
    }
  });

  it('are read or refused with a reason', () => {
    const cases = readdirSync(join(signatures!, 'conformance'), { withFileTypes: true });
    const folders = cases.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.length).toBeGreaterThan(50);
    for (const name of folders) {
      const bytes = readFileSync(join(signatures!, `conformance/${name}/bundle.sigstore.json`));
      expect(isAnswered(parseEnvelopeBundle, bytes)).toBe(true);
    }
    expect(() => read('conformance/managed-key-and-trusted-root/bundle.sigstore.json')).toThrow(
      /signs a file/,
    );
  });
});

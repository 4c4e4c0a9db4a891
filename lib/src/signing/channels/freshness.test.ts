import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { predicateTypes } from '../../oci/wharfinger-names.ts';
import type { SignerPurpose, VerifiedStatement } from '../evidence.ts';
import { parsePublicKey } from '../keys.ts';
import { parsePrivateKey } from '../private-keys.ts';
import { channelPredicate, readChannel, type Channel } from './channel.ts';
import { checkFreshness, type Seen } from './freshness.ts';
import { emptyMemory, parseMemory, recall, remember, serialiseMemory } from './memory.ts';
import { openSnapshot, signSnapshot, type Snapshot } from './snapshot.ts';

const name = { registry: 'reg.acme', repository: 'team/app', tag: '1.4' };
const first = digestOf('first');
const second = digestOf('second');
const now = new Date('2026-11-22T12:00:00Z');

function channel(changes: Partial<Channel> = {}): Channel {
  return {
    ...name,
    digest: first,
    counter: 10,
    issuedAt: '2026-11-20T00:00:00.000Z',
    expires: '2026-12-20T00:00:00.000Z',
    ...changes,
  };
}

function statement(said: Channel, purposes: readonly SignerPurpose[] = ['release']): VerifiedStatement {
  return {
    signer: { key: 'release', keyId: 'ab', principal: 'ann', purposes },
    format: 'cosign-v3',
    subject: said.digest,
    predicateType: predicateTypes.channel,
    predicate: channelPredicate(said),
    payloadDigest: digestOf('payload'),
    evidence: digestOf('carrier'),
  };
}

function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    registry: name.registry,
    repository: name.repository,
    version: 5,
    issuedAt: '2026-11-22T11:58:00.000Z',
    expires: '2026-11-22T12:08:00.000Z',
    tags: new Map([['1.4', first]]),
    revocations: 3,
    ...changes,
  };
}

function check(changes: Partial<Parameters<typeof checkFreshness>[0]> = {}) {
  return checkFreshness({
    name,
    resolved: first,
    statements: [statement(channel())],
    snapshot: undefined,
    snapshotDemanded: false,
    seen: {},
    now,
    ...changes,
  });
}

const problemOf = (answer: ReturnType<typeof check>) => (answer.fresh ? 'fresh' : answer.problem);

describe('a tag that its publisher signed', () => {
  test('is fresh, and what is to be remembered comes with it', () => {
    expect(check()).toEqual({
      fresh: true,
      channel: channel(),
      seen: { channel: { counter: 10, digest: first } },
    });
  });

  test.each<[string, ReturnType<typeof check>]>([
    ['UNSIGNED', check({ statements: [] })],
    ['UNSIGNED', check({ resolved: second })],
    ['UNSIGNED', check({ statements: [statement(channel(), ['attest', 'stamp'])] })],
    ['UNSIGNED', check({ statements: [statement(channel({ tag: '1.5' }))] })],
    ['UNSIGNED', check({ statements: [statement(channel({ repository: 'team/other' }))] })],
    ['UNSIGNED', check({ statements: [statement(channel({ registry: 'reg.evil' }))] })],
    ['UNSIGNED', check({ statements: [{ ...statement(channel()), predicate: { tag: '1.4' } }] })],
    ['EXPIRED', check({ now: new Date('2026-12-20T00:00:00Z') })],
    ['NOT_YET', check({ statements: [statement(channel({ issuedAt: '2026-11-23T00:00:00.000Z' }))] })],
    ['ROLLBACK', check({ seen: { channel: { counter: 11, digest: second } } })],
    ['EQUIVOCATION', check({ seen: { channel: { counter: 10, digest: second } } })],
    ['SNAPSHOT_MISSING', check({ snapshotDemanded: true })],
    ['SNAPSHOT_MISSING', check({ seen: { snapshot: { version: 1, revocations: 1 } } })],
    ['SNAPSHOT_ELSEWHERE', check({ snapshot: snapshot({ repository: 'team/other' }) })],
    ['SNAPSHOT_ELSEWHERE', check({ snapshot: snapshot({ registry: 'reg.evil' }) })],
    ['SNAPSHOT_EXPIRED', check({ snapshot: snapshot({ expires: now.toISOString() }) })],
    ['NOT_YET', check({ snapshot: snapshot({ issuedAt: '2026-11-22T12:06:00.000Z' }) })],
    [
      'SNAPSHOT_ROLLBACK',
      check({ snapshot: snapshot(), seen: { snapshot: { version: 6, revocations: 3 } } }),
    ],
    [
      'SNAPSHOT_ROLLBACK',
      check({ snapshot: snapshot(), seen: { snapshot: { version: 5, revocations: 4 } } }),
    ],
    ['SNAPSHOT_DISAGREES', check({ snapshot: snapshot({ tags: new Map([['1.4', second]]) }) })],
    ['SNAPSHOT_DISAGREES', check({ snapshot: snapshot({ tags: new Map() }) })],
    ['fresh', check({ snapshot: snapshot(), snapshotDemanded: true })],
    ['fresh', check({ seen: { channel: { counter: 9, digest: second } } })],
    ['fresh', check({ seen: { channel: { counter: 10, digest: first } } })],
  ])('%s', (expected, answer) => {
    expect(problemOf(answer)).toBe(expected);
  });

  test('the highest number counts, whatever the order', () => {
    const both = [statement(channel({ counter: 3 })), statement(channel({ counter: 12 }))];
    expect(check({ statements: both })).toMatchObject({ fresh: true, channel: { counter: 12 } });
    expect(check({ statements: both.toReversed() })).toMatchObject({ channel: { counter: 12 } });
  });

  test('an expired newer statement is not passed over for an older one that still runs', () => {
    const newer = channel({ counter: 12, expires: '2026-11-21T00:00:00.000Z' });
    expect(problemOf(check({ statements: [statement(channel()), statement(newer)] }))).toBe('EXPIRED');
  });

  test('whatever was seen, nothing older is ever fresh again', () => {
    const states = fc.record({ counter: fc.integer({ min: 0, max: 20 }), which: fc.boolean() });
    fc.assert(
      fc.property(fc.array(states, { minLength: 1, maxLength: 20 }), (shown) => {
        let seen: Seen = {};
        let highest = -1;
        const digests = new Map<number, Digest>();
        for (const { counter, which } of shown) {
          const digest = which ? first : second;
          const statements = [statement(channel({ counter, digest }))];
          const answer = check({ resolved: digest, statements, seen });
          const allowed = counter > highest || (counter === highest && digests.get(counter) === digest);
          expect(answer.fresh).toBe(allowed);
          if (!answer.fresh) continue;
          seen = answer.seen;
          highest = counter;
          digests.set(counter, digest);
        }
      }),
    );
  });
});

test('a channel statement that is not exactly one is refused with what is wrong', () => {
  const predicate = channelPredicate(channel());
  expect(readChannel({ subject: first, predicate })).toEqual(channel());
  for (const [change, what] of [
    [{ counter: -1 }, 'counter'],
    [{ counter: 1.5 }, 'counter'],
    [{ counter: '7' }, 'counter'],
    [{ expires: '2026-12-20' }, 'expires'],
    [{ tag: 'a b' }, 'tag'],
    [{ scope: { registry: 'r', repository: 'UPPER' } }, 'scope.repository'],
    [{ also: 1 }, 'unknown field'],
  ] as const)
    expect(() => readChannel({ subject: first, predicate: { ...predicate, ...change } })).toThrow(what);
});

describe('a snapshot', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
  const trusted = [parsePublicKey({ name: 'registry', pem: key.publicPem })];
  const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });

  test('is read as it was signed', () => {
    expect(openSnapshot(signSnapshot(snapshot(), key), trusted)).toEqual(snapshot());
  });

  test('by another key is refused', () => {
    const keys = [parsePublicKey({ name: 'other', pem: other })];
    expect(() => openSnapshot(signSnapshot(snapshot(), key), keys)).toThrow('no key that is trusted');
  });

  const readOrRefuse = (bytes: Uint8Array): Snapshot | 'refused' => {
    try {
      return openSnapshot(bytes, trusted);
    } catch (error) {
      if (isWharfingerError(error, 'SIGNATURE_INVALID')) return 'refused';
      throw error;
    }
  };

  test('with any character changed is refused, or says exactly what was signed', () => {
    const signed = signSnapshot(snapshot(), key).toString('latin1');
    fc.assert(
      fc.property(fc.nat(signed.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const bytes = Buffer.from(
          `${signed.slice(0, at)}${String.fromCharCode(code)}${signed.slice(at + 1)}`,
        );
        expect(['refused', snapshot()]).toContainEqual(readOrRefuse(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

test('what was seen survives being written, and is never less than before', () => {
  const seen = { channel: { counter: 4, digest: first }, snapshot: { version: 9, revocations: 2 } };
  const memory = remember(emptyMemory, name, seen);
  const again = parseMemory(Buffer.from(serialiseMemory(memory)));
  expect(recall(again, name)).toEqual(seen);
  expect(recall(again, { ...name, tag: '1.5' })).toEqual({ snapshot: seen.snapshot });
  const back = remember(again, name, { channel: { counter: 3, digest: second } });
  expect(recall(back, name)).toEqual(seen);
  expect(() => parseMemory(Buffer.from('{"format":1}'))).toThrow('channels');
});

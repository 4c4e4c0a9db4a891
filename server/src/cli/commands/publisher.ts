import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { signerPurposes } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { z } from 'zod';
import { requireServer } from '../api-client.ts';
import { displayable, formatTable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import {
  addEndCommand,
  addRecordOf,
  listRecordsOf,
  recordShape,
  shown,
  type RecordNames,
  type ShownRecord,
} from '../record-commands.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

const publishers: RecordNames = { path: 'publishers', one: 'Publisher', many: 'publishers', columns: [] };
const keys: Pick<RecordNames, 'path' | 'one'> = { path: 'keys', one: 'Key' };
const host = ['<host>', 'host[:port] of the registry'] as const;

interface SignerOptions {
  readonly key?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly subjectPattern?: string;
  readonly root?: string;
  readonly trustStore?: readonly string[];
  readonly identity?: readonly string[];
}

interface KeyOptions extends SignerOptions {
  readonly principal?: string;
  readonly purpose?: readonly string[];
  readonly validFrom?: string;
  readonly validTo?: string;
}

export function addPublisher(program: Command, run: Run): void {
  const publisher = program
    .command('publisher')
    .summary('say who publishes images, and with which keys')
    .description(
      'Publishers and their keys are records of the registry: whoever changes them is recorded, and nothing is deleted but ended. ' +
        'Whose signatures count where, wharf trust says.',
    );
  publisher
    .command('add')
    .summary('enter a publisher')
    .description('Enters a publisher: a team or a supplier, to whom keys are given with wharf publisher key.')
    .argument(...host)
    .argument('<name>', 'its name')
    .option('--team <name>', 'what chains of custody and findings call it')
    .option('--contact <text>', 'whom to ask')
    .addHelpText('after', '\nExample:\n  wharf publisher add localhost:5000 payments --team payments')
    .action(
      run(
        (
          session: Session,
          { team, contact }: { team?: string; contact?: string },
          where: string,
          name: string,
        ) => addRecordOf(session, where, publishers, { name, team, contact }),
      ),
    );
  withSigner(
    publisher
      .command('key')
      .summary('give a publisher a key, or an identity to sign with')
      .description(
        'Gives a publisher a key to sign with (--key), an identity that a certificate authority of Sigstore’s kind vouches for ' +
          '(--issuer, --subject, --root), or certificates of the Notary Project’s kind (--trust-store, --identity).',
      )
      .argument(...host)
      .argument('<publisher>', 'whose it is')
      .argument('<name>', 'what verdicts call it'),
  )
    .option('--principal <name>', 'the person or robot who holds it (default: the publisher)')
    .addOption(
      new Option('--purpose <purpose...>', 'what it is for (default: release, attest)').choices(
        signerPurposes,
      ),
    )
    .option('--valid-from <time>', 'nothing signed before counts')
    .option('--valid-to <time>', 'nothing signed at or after this time counts')
    .addHelpText(
      'after',
      '\nExample:\n  wharf publisher key localhost:5000 payments release-2026 --key release.pub',
    )
    .action(
      run(async (session: Session, options: KeyOptions, where: string, owner: string, name: string) => {
        const { principal, purpose, validFrom, validTo } = options;
        const signer = await readSigner(options);
        const said = { name, publisher: owner, principal, purposes: purpose, validFrom, validTo };
        return addRecordOf(session, where, keys, { ...said, ...signer });
      }),
    );
  addList(publisher, run);
  withSigner(
    publisher
      .command('rotate')
      .summary('replace a key by another')
      .description(
        'Puts a new key beside an old one. Until --overlap-until both count; then the new one alone, and what only the old one ' +
          'signed is held, unless a trusted log or timestamp tells that it was signed before.',
      )
      .argument(...host)
      .argument('<key>', 'name of the key that goes')
      .argument('<new-name>', 'name of the key that comes'),
  )
    .option('--overlap-until <time>', 'until when both count (default: the old one counts no more at once)')
    .addHelpText(
      'after',
      '\nExample:\n  wharf publisher rotate localhost:5000 release-2026 release-2027 --key next.pub --overlap-until 2027-02-01T00:00:00Z',
    )
    .action(run(rotate));
  addEndCommand(publisher, run, publishers);
}

function withSigner(command: Command): Command {
  return command
    .option('--key <file>', 'public key in PEM')
    .option('--issuer <text>', 'issuer of the identity token')
    .option('--subject <text>', 'subject of the certificate: an e-mail address or URI')
    .option('--subject-pattern <regexp>', 'the same, as a regular expression that must match all of it')
    .option('--root <name>', 'name of the Sigstore root (wharf trust root)')
    .option('--trust-store <name...>', 'names of trust stores, such as ca:acme (wharf trust store)')
    .option('--identity <text...>', 'x509.subject: …, as in a trust policy of the Notary Project, or *');
}

async function readSigner(options: SignerOptions): Promise<object> {
  const { key, issuer, subject, subjectPattern, root, trustStore, identity } = options;
  if (key !== undefined) return { pem: await readFile(key, 'utf8') };
  if (trustStore !== undefined && identity !== undefined)
    return { notation: { trustStores: trustStore, trustedIdentities: identity } };
  const named = subject === undefined ? { pattern: subjectPattern } : { exact: subject };
  if (issuer !== undefined && root !== undefined && (subject ?? subjectPattern) !== undefined)
    return { keyless: { issuer: { exact: issuer }, subject: named, root } };
  throw new WharfingerError('USAGE', {
    what: 'it is not said what signs',
    remedy: 'give --key; or --issuer, --subject and --root; or --trust-store and --identity',
  });
}

interface RotateOptions extends SignerOptions {
  readonly overlapUntil?: string;
}

const rotation = z.object({ ended: recordShape, next: recordShape });

async function rotate(session: Session, options: RotateOptions, where: string, name: string, next: string) {
  const { overlapUntil } = options;
  const signer = await readSigner(options);
  const server = await requireServer(parseHost(where), session);
  const body = { name, next: { name: next, ...signer }, overlapUntil };
  const done = await server.post('/api/v1/keys/rotate', body, rotation);
  session.result(done, () =>
    displayable(`${next} counts from now on, and ${name} until ${shown(done.ended.document['validTo'])}.`),
  );
  return exitCodes.done;
}

function addList(publisher: Command, run: Run): void {
  publisher
    .command('ls')
    .summary('list publishers, their keys and where these count')
    .description(
      'Lists publishers with their keys, what these are for, until when they count, and for which repositories.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('--all', 'those that have ended too')
    .action(
      run(async (session: Session, { all = false }: { all?: boolean }, where: string) => {
        const revoked = await revokedKeys(session, where);
        const found = {
          publishers: await listRecordsOf(session, where, 'publishers', all),
          keys: await listRecordsOf(session, where, 'keys', all),
          trust: await listRecordsOf(session, where, 'trust', all),
        };
        session.result(found, () => listText(found, revoked, session));
        return exitCodes.done;
      }),
    );
}

type Listed = Readonly<Record<'publishers' | 'keys' | 'trust', Awaited<ReturnType<typeof listRecordsOf>>>>;

const listAnswer = z.object({ payload: z.string() });
const revocations = z.object({ entries: z.array(z.object({ keyId: z.string(), revokedAt: z.string() })) });

/** Key id → when it was revoked, as the registry that is asked says: it is shown, nothing rests on it. */
async function revokedKeys(session: Session, where: string): Promise<ReadonlyMap<string, string>> {
  const server = await requireServer(parseHost(where), session);
  const { payload } = await server.get('/api/v1/revocations', {}, listAnswer);
  const { entries } = revocations.parse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')));
  return new Map(entries.map(({ keyId, revokedAt }) => [keyId, revokedAt]));
}

function untilText({ name, document }: ShownRecord, revoked: ReadonlyMap<string, string>): string {
  const { pem, validTo } = document;
  const at = typeof pem === 'string' ? revoked.get(parsePublicKey({ name, pem }).id) : undefined;
  return at === undefined ? shown(validTo ?? '') : `revoked ${at}`;
}

function listText(
  { publishers: all, keys: known, trust }: Listed,
  revoked: ReadonlyMap<string, string>,
  session: Session,
): string {
  if (all.length === 0) return 'There are no publishers.';
  const rows = all.flatMap(({ name, document, ended }) => {
    const own = known.filter((key) => key.document['publisher'] === name);
    const where = trust
      .filter((rule) => (rule.document['publishers'] as readonly string[]).includes(name))
      .map((rule) => rule.name);
    const first = [name + (ended ? ' (ended)' : ''), shown(document['team']), where.join(', ')];
    if (own.length === 0) return [[...first, '', '', '']];
    return own.map((key) => [
      ...first,
      key.name + (key.ended ? ' (ended)' : ''),
      shown(key.document['purposes'] ?? ['release', 'attest']),
      untilText(key, revoked),
    ]);
  });
  return formatTable(['PUBLISHER', 'TEAM', 'REPOSITORIES', 'KEY', 'FOR', 'UNTIL'], rows, session.style);
}

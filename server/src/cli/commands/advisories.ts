import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { readEpss, readKev } from '@wharfinger/lib/advisories/threat-sources';
import { WharfingerError } from '@wharfinger/lib/errors';
import {
  advisoryCacheFolder,
  importIntoCache,
  importThreatsIntoCache,
  readCacheState,
} from '../advisory-cache.ts';
import { AdvisorySources } from '../advisory-sources.ts';
import { requireServer } from '../api-client.ts';
import { advisoriesAnswer, importAnswer } from '../api-shapes.ts';
import { count, displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addFeeds } from './advisories/feeds.ts';
import { addPacked, kindOf } from './advisories/packed.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

interface ServerOption {
  readonly server?: string;
}

interface ImportOptions extends ServerOption {
  readonly kind: string;
}

export function addAdvisories(program: Command, run: Run): void {
  const advisories = program
    .command('advisories')
    .summary('import advisories, here or into a server')
    .description(
      'Advisories are records in the OSV format. Those imported here are used by inspect, findings, verdict and verify ' +
        'when no server is asked.',
    );
  advisories
    .command('import')
    .summary('import OSV records')
    .description(
      'Imports OSV records: .json, .jsonl (gzipped or not) and .zip files, folders of such files, or addresses of ' +
        'files. A record replaces the one with the same id. What cannot be read is told, and makes the command fail; ' +
        'the rest is imported.',
    )
    .argument('<source...>', 'files, folders, or http(s) addresses')
    .option('--server <host>', 'import into this Wharfinger registry (for administrators)')
    .option(
      '--kind <kind>',
      'what it is: osv records, kev or epss; of the latter two one file, on this machine',
      'osv',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  wharf advisories import advisory-database/advisories/github-reviewed\n' +
        '  wharf advisories import --server localhost:5000 debian.zip npm.zip',
    )
    .action(run(importAdvisories));
  advisories
    .command('status')
    .summary('show how many advisories there are, and since when')
    .description('Shows how many advisories were imported, and when; on this machine, or in a server.')
    .option('--server <host>', 'ask this Wharfinger registry')
    .action(run(showStatus));
  addFeeds(advisories, run);
  addPacked(advisories, run);
}

async function importAdvisories(
  session: Session,
  { server, kind: text }: ImportOptions,
  names: string[],
): Promise<ExitCode> {
  const kind = kindOf(text);
  if (kind === 'vex')
    throw new WharfingerError('USAGE', {
      what: 'VEX is no advisory',
      remedy: 'wharf vex import brings it into a registry',
    });
  if (kind !== 'osv') return importThreats(session, kind, server, names);
  const progress = session.progress();
  const sources = new AdvisorySources(names, (records) =>
    progress.update(`reading: ${count(records, 'record')}`),
  );
  try {
    return server === undefined
      ? await importHere(session, sources)
      : await importThere(session, sources, parseHost(server));
  } finally {
    progress.end();
  }
}

async function importHere(session: Session, sources: AdvisorySources): Promise<ExitCode> {
  const folder = advisoryCacheFolder(session.environment);
  const done = await importIntoCache(folder, sources.advisories(), session.now());
  const { refused, refusedCount } = sources;
  const result = {
    read: done.read,
    new: done.new,
    replaced: done.replaced,
    refused,
    refusedCount,
    count: done.count,
    folder,
  };
  session.result(result, () =>
    [
      `${count(done.read, 'record')} read: ${done.new} new, ${done.replaced} replaced, ${refusedCount} refused.`,
      ...refusedLines(refused, refusedCount),
      displayable(`${folder} now holds ${count(done.count, 'advisory', 'advisories')}.`),
    ].join('\n'),
  );
  return refusedCount > 0 ? exitCodes.failed : exitCodes.done;
}

/** A catalogue takes the place of the one before. A server fetches its own: a file would be a day old tomorrow. */
async function importThreats(
  session: Session,
  kind: 'kev' | 'epss',
  server: string | undefined,
  [file, ...more]: string[],
): Promise<ExitCode> {
  if (server !== undefined || file === undefined || more.length > 0)
    throw new WharfingerError('USAGE', {
      what: `--kind ${kind} takes one file, and no --server`,
      remedy: 'for a server, name the file as the source of a feed: advisories.feeds in its configuration',
    });
  const folder = advisoryCacheFolder(session.environment);
  const list = await (kind === 'kev' ? readKev : readEpss)(file, createReadStream(file));
  await importThreatsIntoCache(folder, kind, list, session.now());
  session.result({ kind, read: list.threats.size, folder }, () =>
    displayable(`${count(list.threats.size, 'entry', 'entries')} of ${kind} read, into ${folder}.`),
  );
  return exitCodes.done;
}

async function importThere(session: Session, sources: AdvisorySources, host: string): Promise<ExitCode> {
  const server = await requireServer(host, session);
  const done = await server.post('/api/v1/advisories', sources.lines(), importAnswer);
  const refused = [...sources.refused, ...done.refused];
  const refusedCount = sources.refusedCount + done.refusedCount;
  session.result({ ...done, refused, refusedCount }, () =>
    [
      `${count(done.read, 'record')} read: ${done.new} new, ${done.changed} changed, ${done.unchanged} unchanged, ` +
        `${refusedCount} refused.`,
      ...refusedLines(refused, refusedCount),
      displayable(`up to ${count(done.imagesTouched, 'image')} judged again; generation ${done.generation}.`),
    ].join('\n'),
  );
  return refusedCount > 0 ? exitCodes.failed : exitCodes.done;
}

function refusedLines(refused: ReadonlyArray<{ origin: string; message: string }>, all: number): string[] {
  const shown = refused.slice(0, 20).map(({ origin, message }) => displayable(`  ${origin}: ${message}`));
  return all > shown.length ? [...shown, `  and ${all - shown.length} more`] : shown;
}

async function showStatus(session: Session, { server }: ServerOption): Promise<ExitCode> {
  if (server !== undefined) {
    const client = await requireServer(parseHost(server), session);
    const status = await client.get('/api/v1/advisories', {}, advisoriesAnswer);
    session.result(status, () =>
      displayable(
        `${count(status.count, 'advisory', 'advisories')}, imported last ${status.importedAt ?? 'never'}; ` +
          `generation ${status.generation}.`,
      ),
    );
    return exitCodes.done;
  }
  const folder = advisoryCacheFolder(session.environment);
  const state = await readCacheState(folder);
  session.result({ folder, count: state?.count ?? 0, importedAt: state?.importedAt ?? null }, () =>
    displayable(
      state === undefined
        ? `No advisories were imported into ${folder}.`
        : `${count(state.count, 'advisory', 'advisories')}, imported last ${state.importedAt}, in ${folder}.`,
    ),
  );
  return exitCodes.done;
}

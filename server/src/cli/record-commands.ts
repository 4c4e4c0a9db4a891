import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { requireServer } from './api-client.ts';
import { displayable, formatTable, type Cell } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { parseHost } from './repository-argument.ts';
import type { Run, Session } from './session.ts';

/** A record of a server, as its API answers. */
export const recordShape = z.object({
  id: z.number(),
  kind: z.string(),
  name: z.string(),
  document: z.record(z.string(), z.unknown()),
  madeBy: z.string(),
  madeAt: z.string(),
  version: z.number(),
  ended: z.object({ by: z.string(), at: z.string(), reason: z.string() }).optional(),
});
export type ShownRecord = z.infer<typeof recordShape>;

const listAnswer = z.object({ records: z.array(recordShape), next: z.number().optional() });

/** How the records of a kind are called, and shown. */
export interface RecordNames {
  /** of the API, below /api/v1 */
  readonly path: string;
  /** `a binding`, for sentences */
  readonly one: string;
  readonly many: string;
  /** columns between the name and who made it */
  readonly columns: ReadonlyArray<
    readonly [heading: string, cell: (document: ShownRecord['document']) => string]
  >;
}

/** Puts a record in force. */
export async function addRecordOf(
  session: Session,
  host: string,
  { path, one }: Pick<RecordNames, 'path' | 'one'>,
  document: object,
): Promise<ExitCode> {
  const server = await requireServer(parseHost(host), session);
  const record = await server.post(`/api/v1/${path}`, document, recordShape);
  session.result(record, () =>
    displayable(`${one} ${record.name} is in force, as of version ${record.version}.`),
  );
  return exitCodes.done;
}

/** Every record of a kind: those in force, or all that ever were. */
export async function listRecordsOf(
  session: Session,
  host: string,
  path: string,
  ended: boolean,
): Promise<ShownRecord[]> {
  const server = await requireServer(parseHost(host), session);
  const all: ShownRecord[] = [];
  for (let last: number | undefined; ;) {
    const page = await server.get(`/api/v1/${path}`, { last, limit: 1000, ended: String(ended) }, listAnswer);
    all.push(...page.records);
    if (page.next === undefined) return all;
    last = page.next;
  }
}

interface ListOptions {
  readonly all?: boolean;
}

/** Adds `ls` to a command. */
export function addListCommand(parent: Command, run: Run, names: RecordNames): void {
  parent
    .command('ls')
    .summary(`list ${names.many}`)
    .description(`Lists the ${names.many} that are in force in a Wharfinger registry.`)
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('--all', 'those that have ended too, with who ended them and why')
    .action(
      run(async (session: Session, { all = false }: ListOptions, host: string) => {
        const records = await listRecordsOf(session, host, names.path, all);
        session.result({ records }, () => recordTable(records, names, all, session));
        return exitCodes.done;
      }),
    );
}

function recordTable(
  records: readonly ShownRecord[],
  { columns, many }: RecordNames,
  all: boolean,
  session: Session,
): string {
  if (records.length === 0) return `There are no ${many}.`;
  return formatTable(
    ['NAME', ...columns.map(([heading]) => heading), 'MADE', 'BY', ...(all ? ['ENDED'] : [])],
    records.map(({ name, document, madeAt, madeBy, ended }): Cell[] => [
      name,
      ...columns.map(([, cell]) => cell(document)),
      madeAt,
      madeBy,
      ...(all ? [ended ? `${ended.at} by ${ended.by}: ${ended.reason}` : ''] : []),
    ]),
    session.style,
  );
}

/** Adds `end` to a command. */
export function addEndCommand(parent: Command, run: Run, { path, one, many }: RecordNames): void {
  parent
    .command('end')
    .summary(`end one of the ${many}`)
    .description(`Ends one of the ${many}. It is kept, with who ended it and why.`)
    .argument('<host>', 'host[:port] of the registry')
    .argument('<name>', 'its name')
    .requiredOption('--reason <text>', 'why; recorded')
    .action(
      run(async (session: Session, { reason }: { reason: string }, host: string, name: string) => {
        const server = await requireServer(parseHost(host), session);
        const record = await server.post(`/api/v1/${path}/end`, { name, reason }, recordShape);
        session.result(record, () => displayable(`${one} ${name} has ended.`));
        return exitCodes.done;
      }),
    );
}

/** Adds `add`, which takes the record from a file. */
export function addFileCommand(
  parent: Command,
  run: Run,
  names: RecordNames,
  told: { readonly summary: string; readonly description: string; readonly example: string },
): void {
  parent
    .command('add')
    .summary(told.summary)
    .description(told.description)
    .argument('<host>', 'host[:port] of the registry')
    .argument('<file>', 'YAML or JSON; - for standard input')
    .addHelpText('after', told.example)
    .action(
      run(async (session: Session, _options: object, host: string, file: string) =>
        addRecordOf(session, host, names, await readDocumentFile(file)),
      ),
    );
}

const longestFile = 4 * 1024 * 1024;

/**
 * An object from a file of YAML or JSON.
 * @throws WharfingerError INPUT_INVALID
 */
export async function readDocumentFile(file: string): Promise<Record<string, unknown>> {
  const refuse = (what: string): never => {
    throw new WharfingerError('INPUT_INVALID', { what: `${file}: ${what}` });
  };
  const text = file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  if (text.length > longestFile) refuse(`it is larger than ${longestFile} bytes`);
  const parsed = parseDocument(text, { uniqueKeys: true });
  const [mistake] = parsed.errors;
  if (mistake) refuse(mistake.message.split('\n')[0]!);
  const value = parsed.toJS({ maxAliasCount: 100 }) as unknown;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('it is no mapping');
  return value as Record<string, unknown>;
}

/** A field of a document as text for a table. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Which images a record is about, for a table. */
export function scopeText(document: ShownRecord['document']): string {
  const scope = (document['scope'] ?? {}) as Record<string, unknown>;
  const parts = Object.entries(scope).map(([name, value]) =>
    name === 'repositories' ? shown(value) : `${name}: ${shown(value)}`,
  );
  return parts.length === 0 ? '**' : parts.join('; ');
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { frameOf } from '@wharfinger/lib/inspect/frames';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { TarReader } from '@wharfinger/lib/inspect/tar/reader';
import { encodeName } from '@wharfinger/lib/oci/tar/name';

/** An entry as both readers tell it: type, name, mode, capability, target of a link, size and SHA-256 of what a file contains. */
export type Told = ReadonlyArray<string | number>;

/** An archive that both readers read. */
export interface Comparison {
  readonly index: number;
  readonly ours: readonly Told[];
  readonly theirs: readonly Told[];
}

interface Listed {
  readonly Entries: ReadonlyArray<{
    readonly Name: string | null;
    readonly Link: string | null;
    readonly Type: string;
    readonly Mode: number;
    readonly Capability: string | null;
    readonly Size: number;
    readonly Content: string;
  }>;
  readonly Failure: string;
}

const types: Readonly<Record<string, string>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'special',
  '4': 'special',
  '5': 'directory',
  '6': 'special',
  '7': 'file',
  S: 'file',
};

interface Entry {
  readonly type: string;
  readonly name: Buffer;
  readonly link: Buffer;
  readonly mode: number;
  readonly capability: Buffer;
  readonly size: number;
  readonly content: string;
}

function tell({ type, name, link, mode, capability, size, content }: Entry): Told {
  const isLink = type === 'hardlink' || type === 'symlink';
  const file = type === 'file' ? [size, content] : [];
  const head = [type, name.toString('latin1'), mode, capability.toString('latin1')];
  return [...head, ...(isLink ? [link.toString('latin1')] : []), ...file];
}

/** What the reader of layers tells of an archive up to its end marker; undefined where it says that something may be hidden. */
function tellOurs(archive: Buffer): Told[] | undefined {
  const told: Array<() => Told> = [];
  let hides = false;
  let isFirst = true;
  const reader = new TarReader(
    {
      entry({ name, type, linkName, mode, size, capability }) {
        if (!isFirst) return undefined;
        const hash = createHash('sha256');
        const [path, link, attribute] = [name, linkName, capability ?? ''].map(encodeName) as [
          Buffer,
          Buffer,
          Buffer,
        ];
        told.push(() =>
          tell({
            type,
            name: path,
            link,
            mode,
            capability: attribute,
            size,
            content: hash.copy().digest('hex'),
          }),
        );
        if (type !== 'file' || size >= 2 ** 20) return undefined;
        return {
          data: (bytes) => void hash.update(bytes),
          hole: (length) => void hash.update(Buffer.alloc(length)),
          end: () => {},
        };
      },
      problem: (_code, _message, may) => {
        hides ||= may;
      },
      // where engines stop, and the reader of layers goes on and says so
      secondArchive: () => {
        isFirst = false;
      },
    },
    defaultLimits,
  );
  reader.push(archive);
  reader.end();
  return hides ? undefined : told.map((one) => one());
}

/**
 * Reads archives with the reader of layers and with the one of engines.
 * @param program list-tar.go, built
 * @returns those that ours lets pass and that engines unpack: what they refuse nobody runs
 */
export function readTwice(program: string, archives: readonly Buffer[]): Comparison[] {
  const input = Buffer.concat(archives.map(frameOf));
  const lines = execFileSync(program, { input, maxBuffer: 1 << 28 })
    .toString()
    .trimEnd()
    .split('\n');
  return archives.flatMap((archive, index) => {
    const { Entries: entries, Failure: failure } = JSON.parse(lines[index]!) as Listed;
    const ours = failure === '' ? tellOurs(archive) : undefined;
    if (ours === undefined) return [];
    const theirs = entries.map((entry) =>
      tell({
        type: types[entry.Type] ?? entry.Type,
        name: Buffer.from(entry.Name ?? '', 'base64'),
        link: Buffer.from(entry.Link ?? '', 'base64'),
        mode: entry.Mode,
        capability: Buffer.from(entry.Capability ?? '', 'base64'),
        size: entry.Size,
        content: entry.Content,
      }),
    );
    return [{ index, ours, theirs }];
  });
}

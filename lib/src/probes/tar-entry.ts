import { blockSize } from '../oci/tar/header.ts';
import { encodeName } from '../oci/tar/name.ts';
import { tarHeader, tarPadding } from '../oci/tar/write.ts';

/** An entry to be written; everything belongs to root, and nobody else may write it. */
export interface WrittenEntry {
  /** of folders with a slash at the end */
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'hardlink';
  /** bytes; of a file only */
  readonly size?: number;
  readonly executable?: boolean;
  /** of links: where they lead */
  readonly target?: string;
}

const flags = { file: '0', folder: '5', link: '2', hardlink: '1' } as const;

/**
 * The blocks before the content of an entry: a pax header where a name is long or not plain ASCII (POSIX.1-2001, pax), then the
 * entry's own. There are no modes but 0444, 0555 and, for folders, 0755: nothing is set-user-ID.
 */
export function entryHeader({ name, type, size = 0, executable = false, target = '' }: WrittenEntry): Buffer {
  const records = fits(name) ? [] : [paxRecord('path', name)];
  if (!fits(target)) records.push(paxRecord('linkpath', target));
  const own = header(fits(name) ? name : 'long', flags[type], size, fits(target) ? target : 'long', {
    mode: type === 'folder' ? 0o755 : executable ? 0o555 : 0o444,
  });
  if (records.length === 0) return own;
  const body = Buffer.concat(records);
  return Buffer.concat([
    header('pax', 'x', body.length, '', { mode: 0o644 }),
    body,
    tarPadding(body.length),
    own,
  ]);
}

function fits(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text);
}

function header(
  name: string,
  flag: string,
  size: number,
  target: string,
  { mode }: { mode: number },
): Buffer {
  const block = tarHeader(name, size);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write(flag, 156);
  block.write(target, 157, 'latin1');
  // the checksum is taken with blanks in its own place
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < blockSize; at += 1) sum += block[at]!;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), encodeName(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

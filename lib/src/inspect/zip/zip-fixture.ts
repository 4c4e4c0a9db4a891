import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of an archive for tests, written byte by byte so that it may be wrong on purpose. */
export interface ZipEntry {
  readonly name: string;
  readonly body?: string | Buffer;
  /** true: as it is; else deflated */
  readonly stored?: boolean;
  /** sizes and checksum follow the content, with a signature or without one, or in 8 bytes each */
  readonly descriptor?: 'signed' | 'unsigned' | 'zip64';
  readonly flags?: number;
  readonly method?: number;
  /** changes the header of the directory, behind its signature */
  readonly central?: (header: Buffer) => void;
  /** name in the directory */
  readonly listedAs?: string;
  /** true: the directory does not list it */
  readonly unlisted?: boolean;
}

interface ZipOptions {
  readonly before?: Buffer;
  readonly comment?: Buffer;
  /** true: the numbers of the end stand in the records of zip64 */
  readonly zip64?: boolean;
}

function numbers(...fields: ReadonlyArray<readonly [value: number, bytes: 2 | 4 | 8]>): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      if (bytes === 8) field.writeBigUInt64LE(BigInt(value));
      else field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

/** The bytes of an archive of these entries; offsets count from its beginning, before which `before` stands. */
export function zipOf(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const body = Buffer.from(entry.body ?? '');
    const packed = entry.stored === true ? body : deflateRawSync(body);
    const method = entry.method ?? (entry.stored === true ? 0 : 8);
    const flags = (entry.flags ?? 0) | (entry.descriptor === undefined ? 0 : 8);
    const measured = [crc32(body), packed.length, body.length] as const;
    const [crc, size, full] = entry.descriptor === undefined ? measured : [0, 0, 0];
    const name = Buffer.from(entry.name);
    const local = [
      numbers([0x04034b50, 4], [20, 2], [flags, 2], [method, 2], [0, 4]),
      numbers([crc, 4], [size, 4], [full, 4], [name.length, 2], [0, 2]),
      name,
      packed,
      descriptorOf(entry.descriptor, measured),
    ];
    const listed = Buffer.from(entry.listedAs ?? entry.name);
    const header = Buffer.concat([
      numbers([20, 2], [20, 2], [flags, 2], [method, 2], [0, 4]),
      numbers([measured[0], 4], [measured[1], 4], [measured[2], 4], [listed.length, 2], [0, 2]),
      numbers([0, 2], [0, 2], [0, 2], [0, 4], [at, 4]),
    ]);
    entry.central?.(header);
    if (entry.unlisted !== true) directory.push(Buffer.concat([numbers([0x02014b50, 4]), header, listed]));
    parts.push(...local);
    at += local.reduce((sum, part) => sum + part.length, 0);
  }
  const list = Buffer.concat(directory);
  const comment = options.comment ?? Buffer.alloc(0);
  const large = options.zip64 === true;
  const zip64 = Buffer.concat([
    numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4]),
    numbers([directory.length, 8], [directory.length, 8], [list.length, 8], [at, 8]),
    numbers([0x07064b50, 4], [0, 4], [at + list.length, 8], [1, 4]),
  ]);
  const end = large
    ? numbers([0xffff, 2], [0xffff, 2], [0xffffffff, 4], [0xffffffff, 4])
    : numbers([directory.length, 2], [directory.length, 2], [list.length, 4], [at, 4]);
  return Buffer.concat([
    options.before ?? Buffer.alloc(0),
    ...parts,
    list,
    ...(large ? [zip64] : []),
    numbers([0x06054b50, 4], [0, 2], [0, 2]),
    end,
    numbers([comment.length, 2]),
    comment,
  ]);
}

function descriptorOf(
  kind: ZipEntry['descriptor'],
  [crc, packed, size]: readonly [number, number, number],
): Buffer {
  if (kind === undefined) return Buffer.alloc(0);
  const wide = kind === 'zip64' ? 8 : 4;
  const fields = numbers([crc, 4], [packed, wide], [size, wide]);
  return kind === 'unsigned' ? fields : Buffer.concat([numbers([0x08074b50, 4]), fields]);
}

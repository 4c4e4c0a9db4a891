import { randomBytes } from 'node:crypto';

/** How a file differs from one that cargo-auditable made. */
interface Shape {
  /** bytes between the head and the section */
  readonly before?: Buffer;
  readonly name?: string;
  /** how far the headers lead past the section */
  readonly shift?: number;
  /** false: it has no section headers */
  readonly headers?: boolean;
}

/** A 64-bit little-endian ELF file with one section beside that of the names, and the section headers at its end. */
export function elfOf(
  content: Buffer,
  { before = randomBytes(9000), name = '.dep-v0', shift = 0, headers = true }: Shape = {},
): Buffer {
  const names = Buffer.from(`\0.shstrtab\0${name}\0`);
  const at = 64 + before.length;
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(64, 58);
  if (headers) {
    head.writeBigUInt64LE(BigInt(at + content.length + names.length), 40);
    head.writeUInt16LE(3, 60);
    head.writeUInt16LE(2, 62);
  }
  const section = (nameAt: number, offset: number, size: number): Buffer => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(nameAt, 0);
    header.writeBigUInt64LE(BigInt(offset), 24);
    header.writeBigUInt64LE(BigInt(size), 32);
    return header;
  };
  const table = [
    section(0, 0, 0),
    section(11, at + shift, content.length),
    section(1, at + content.length, names.length),
  ];
  return Buffer.concat([head, before, content, names, ...(headers ? table : [])]);
}

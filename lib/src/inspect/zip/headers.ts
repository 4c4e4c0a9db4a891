/** Bit 0: encrypted; bit 3: sizes follow the content; bit 13: the directory is encrypted. */
const encryptedBits = 0x2041;
const descriptorBit = 8;
const zip64 = 0xffffffff;

/** What the headers of an entry say, the local one and that of the directory alike. */
export interface EntryHeader {
  readonly name: string;
  /** 0 stored, 8 deflated */
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** of local headers: false where the sizes follow the content */
  readonly sized: boolean;
  /** of the directory: where the entry begins */
  readonly offset: number;
}

/** The fixed part of a header behind its signature. */
export interface FixedHeader extends Omit<EntryHeader, 'name'> {
  readonly nameLength: number;
  readonly extraLength: number;
  readonly commentLength: number;
}

/** Bytes behind the signature of the two headers, of the end records. */
export const localSize = 26;
export const centralSize = 42;
export const endSize = 18;
export const zip64EndSize = 52;

/** Reads a local header (APPNOTE.TXT 4.3.7). */
export function readLocal(bytes: Buffer): FixedHeader {
  return { ...common(bytes, 2), offset: 0, commentLength: 0 };
}

/** Reads a header of the directory (APPNOTE.TXT 4.3.12). */
export function readCentral(bytes: Buffer): FixedHeader {
  const shared = common(bytes, 4);
  return { ...shared, commentLength: bytes.readUInt16LE(28), offset: bytes.readUInt32LE(38) };
}

function common(bytes: Buffer, at: number): Omit<FixedHeader, 'offset' | 'commentLength'> {
  const flags = bytes.readUInt16LE(at);
  const packed = bytes.readUInt32LE(at + 12);
  return {
    method: bytes.readUInt16LE(at + 2),
    encrypted: (flags & encryptedBits) !== 0,
    crc: bytes.readUInt32LE(at + 8),
    packed,
    size: bytes.readUInt32LE(at + 16),
    // Some writers fill the sizes in, and let them follow nevertheless.
    sized: (flags & descriptorBit) === 0 || packed > 0,
    nameLength: bytes.readUInt16LE(at + 20),
    extraLength: bytes.readUInt16LE(at + 22),
  };
}

/** Puts the name and the sizes of zip64 (APPNOTE.TXT 4.5.3) into a header; names are read as Java does, as UTF-8. */
export function complete(fixed: FixedHeader, name: Buffer, extra: Buffer): EntryHeader {
  let { size, packed, offset } = fixed;
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1 && end <= extra.length) {
      let field = at + 4;
      const next = (value: number): number => {
        if (value !== zip64 || field + 8 > end) return value;
        field += 8;
        return Number(extra.readBigUInt64LE(field - 8));
      };
      size = next(size);
      packed = next(packed);
      offset = next(offset);
      break;
    }
    at = end;
  }
  const { method, encrypted, crc, sized } = fixed;
  return { name: name.toString('utf8'), method, encrypted, crc, packed, size, sized, offset };
}

/** Where an archive's end says that its directory lies. */
export interface DirectoryEnd {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

/** Reads the end record (APPNOTE.TXT 4.3.16), the larger numbers of zip64 in place of those that do not fit. */
export function readEnd(bytes: Buffer, large: DirectoryEnd | undefined): DirectoryEnd {
  const entries = bytes.readUInt16LE(6);
  const size = bytes.readUInt32LE(8);
  const offset = bytes.readUInt32LE(12);
  return {
    entries: entries === 0xffff ? (large?.entries ?? entries) : entries,
    size: size === zip64 ? (large?.size ?? size) : size,
    offset: offset === zip64 ? (large?.offset ?? offset) : offset,
  };
}

/** Reads the end record of zip64 (APPNOTE.TXT 4.3.14). */
export function readZip64End(bytes: Buffer): DirectoryEnd {
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  return { entries: number(28), size: number(36), offset: number(44) };
}

import { blockSize } from './header.ts';

/** The largest number that eleven octal digits hold. */
const mostOctal = 0o77777777777;

/**
 * The header block of a regular file (POSIX ustar): readable by all, of nobody in particular and of no time, so that the same
 * files are the same archive.
 *
 * @param name at most 100 bytes
 * @param size bytes; beyond 8 GiB it is written in base 256, which every current tar reads
 */
export function tarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name is too long for a tar header: ${name}`);
  block.write(name, 0, 'utf8');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  writeSize(block, size);
  block.write('00000000000\0', 136);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  // the sum is taken with blanks in its own place
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** What follows the contents of a file up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** What ends an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

function writeSize(block: Buffer, size: number): void {
  if (size <= mostOctal) {
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  block[124] = 0x80;
  block.writeUInt32BE(Math.floor(size / 2 ** 32), 128);
  block.writeUInt32BE(size % 2 ** 32, 132);
}

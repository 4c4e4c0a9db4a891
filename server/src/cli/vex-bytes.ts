import { open } from 'node:fs/promises';
import { largestVexFile } from '@wharfinger/lib/assess/vex-file';
import { WharfingerError } from '@wharfinger/lib/errors';

/** The bytes of a VEX document. @throws WharfingerError VEX_INVALID where it is too large */
export async function readVexBytes(name: string): Promise<Uint8Array> {
  await using file = await open(name);
  const { size } = await file.stat();
  if (size > largestVexFile)
    throw new WharfingerError('VEX_INVALID', { what: `${name}: it is larger than ${largestVexFile} bytes` });
  return file.readFile();
}

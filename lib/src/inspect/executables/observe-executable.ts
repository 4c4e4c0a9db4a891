import { ElfReader } from './elf-reader.ts';
import { isElf } from '../packages/elf.ts';
import type { FileObserver } from '../reading.ts';

/** Tells of files that can be run, what they are, and of those that cannot be looked into because they are packed. */
export const observeExecutable: FileObserver = ({ head, size }, _limits, listener) => {
  if (isElf(head)) {
    listener.executable();
    if (head.subarray(0, 512).includes('UPX!')) {
      listener.problem('packed', 'the executable is packed, what it was built from cannot be read', true);
    }
    const sink = new ElfReader(size, (facts) => {
      if (facts !== undefined) listener.fact({ kind: 'executable', ...facts });
    });
    return { how: 'pass', sink };
  }
  if (head[0] === 0x23 && head[1] === 0x21) listener.executable();
  return undefined;
};

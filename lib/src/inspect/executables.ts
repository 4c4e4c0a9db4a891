import { isElf } from './packages/elf.ts';
import type { FileObserver } from './reading.ts';

/** Tells of files that can be run, and of those that cannot be looked into because they are packed. */
export const observeExecutable: FileObserver = ({ head }, _limits, listener) => {
  if (isElf(head)) {
    listener.executable();
    if (head.subarray(0, 512).includes('UPX!')) {
      listener.problem('packed', 'the executable is packed, what it was built from cannot be read', true);
    }
  } else if (head[0] === 0x23 && head[1] === 0x21) listener.executable();
  return undefined;
};

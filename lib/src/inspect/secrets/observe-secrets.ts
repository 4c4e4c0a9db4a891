import type { FileObserver } from '../reading.ts';
import { isDocumentationPath } from './public-paths.ts';
import { scannedFile } from './scan-text.ts';
import { SecretScanner } from './secret-scanner.ts';

/** The shortest file that could hold one. */
const shortest = 8;

/**
 * Looks for secrets in every file, whatever its size: in those that have no zero byte at their beginning for all kinds, in others for
 * keys and tokens that nothing else looks like. Archives in the layer are not unpacked for it.
 */
export const observeSecrets: FileObserver = ({ path, size, head }, _limits, listener) => {
  if (size < shortest || isDocumentationPath(path)) return undefined;
  const file = scannedFile(path, !head.subarray(0, 512).includes(0));
  const sink = new SecretScanner(file, size, (secrets) => listener.fact({ kind: 'secrets', ...secrets }));
  return { how: 'pass', sink };
};

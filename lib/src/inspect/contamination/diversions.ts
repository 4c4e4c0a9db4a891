import type { Diversion } from '../file-facts.ts';
import type { FileObserver } from '../reading.ts';
import { placePath } from '../paths.ts';

/** Reads the diversions of dpkg: three lines each, the place, the other place, and the package that keeps the place. */
export const observeDiversions: FileObserver = ({ path }, limits, listener) => {
  if (!path.endsWith('/diversions') || !path.endsWith('dpkg/diversions')) return undefined;
  const use = (bytes: Buffer): void => {
    const diversions = parseDiversions(bytes.toString('utf8'));
    if (diversions === undefined)
      listener.problem('unreadable-file', 'the diversions of dpkg cannot be read', true);
    else listener.fact({ kind: 'diversions', diversions });
  };
  return { how: 'keep', limit: limits.text * 16, use };
};

/**
 * Diversions as dpkg writes them (dpkg-divert, lib/dpkg/db-fsys-divert.c): `:` stands for no package.
 * @returns undefined where the lines do not come in threes
 */
function parseDiversions(text: string): readonly Diversion[] | undefined {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length % 3 !== 0) return undefined;
  const diversions: Diversion[] = [];
  for (let at = 0; at < lines.length; at += 3) {
    const [from, to, by] = lines.slice(at, at + 3) as [string, string, string];
    if (!from.startsWith('/') || !to.startsWith('/') || by === '') return undefined;
    diversions.push({ from: placePath(from).path, to: placePath(to).path, ...(by === ':' ? {} : { by }) });
  }
  return diversions;
}

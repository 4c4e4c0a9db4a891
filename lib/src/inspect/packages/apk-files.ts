import type { RecordedFiles } from '../file-facts.ts';
import { codePaths } from '../layer-tree.ts';
import { placePath } from '../paths.ts';

/**
 * Files of a package, as its block of the database lists them (apk-package(5)): `F:` a folder, `R:` a file in it, `Z:Q1` the SHA-1 of
 * what that contains, of a symbolic link that of its target.
 */
export function readApkFiles(lines: readonly string[], name: string): RecordedFiles | undefined {
  const paths: string[] = [];
  const digests: string[] = [];
  let folder = '';
  for (const line of lines) {
    if (line.startsWith('F:')) folder = line.slice(2);
    else if (line.startsWith('R:')) {
      paths.push(placePath(`${folder}/${line.slice(2)}`).path);
      digests.push('');
    } else if (line.startsWith('Z:') && digests.length > 0) {
      digests[digests.length - 1] = /^Z:Q1([A-Za-z0-9+/]{27})=?$/.exec(line)?.[1] ?? '';
    }
  }
  if (paths.length === 0) return undefined;
  return { owner: { type: 'apk', name }, algorithm: 'sha1', paths: codePaths(paths), digests };
}

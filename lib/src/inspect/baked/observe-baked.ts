import { isElf } from '../packages/elf.ts';
import type { FileObserver } from '../reading.ts';
import { isDocumentationPath, isPublicPath } from '../secrets/public-paths.ts';

const sqlite = Buffer.from('SQLite format 3\0', 'latin1');
/** Type of an ELF file that holds what a program had in memory (elf.h, ET_CORE). */
const core = 4;

/** Databases that belong to the system: of packages, and of certificates. */
const systemDatabases =
  /^(?:var\/lib\/(?:rpm|dnf|yum|PackageKit)\/|usr\/lib\/sysimage\/|usr\/share\/rpm\/|var\/cache\/|etc\/pki\/)/;

/** Files of settings, and the longest that people write. */
const settings = /(?:\.(?:conf|cfg|cnf|ini|ya?ml|json|toml|properties|xml)|(?:^|\/)\.env(?:\.[\w-]+)?)$/i;
const manifests =
  /(?:^|\/)(?:package(?:-lock)?|composer|tsconfig|manifest)\.json$|(?:^|\/)(?:pnpm-lock|openapi|swagger)\.ya?ml$/;
/** The shortest file that says anything: an address. */
const shortest = 8;
const longestSettings = 256 * 1024;

/** A machine of a private network (RFC 1918), not a whole network. */
const innerAddress =
  /(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.(?!0(?!\d))\d{1,3}(?![\d.]*\d|\/\d)/;

/** Engines write these anew for each container. */
const ofEngines = /^etc\/(?:resolv\.conf|hosts|hostname)$/;

function namesInnerMachine(line: string): boolean {
  return innerAddress.test(line) && !/^\s*(?:[#;!*]|\/\/)/.test(line);
}

/** Tells of files that are data or configuration by what they contain. */
export const observeBaked: FileObserver = ({ path, size, head }, _limits, listener) => {
  if (size < shortest) return undefined;
  if (head.length >= 16 && head[0] === 0x53 && head.subarray(0, 16).equals(sqlite)) {
    if (!systemDatabases.test(path) && !isPublicPath(path))
      listener.fact({ kind: 'baked', id: 'sqlite-database' });
    return undefined;
  }
  if (isElf(head)) {
    const type = head[5] === 2 ? head[17] : head[16];
    if (type === core) listener.fact({ kind: 'baked', id: 'core-dump' });
    return undefined;
  }
  if (size > longestSettings || !settings.test(path) || manifests.test(path)) return undefined;
  if (isPublicPath(path) || isDocumentationPath(path) || ofEngines.test(path)) return undefined;
  const use = (bytes: Buffer): void => {
    if (bytes.toString('latin1').split('\n').some(namesInnerMachine))
      listener.fact({ kind: 'baked', id: 'inner-address' });
  };
  return { how: 'keep', limit: longestSettings, use };
};

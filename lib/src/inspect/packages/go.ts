/** A module that a binary was built from. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
}

const envelope = 16;

/** True for what `runtime.Version` may say: a release, a release candidate, a development build. */
export function isGoVersion(text: string): boolean {
  return /^(?:go\d+(?:\.\d+)*\S*|devel\b.*)/.test(text) && text.length < 200;
}

/**
 * The version of the standard library as advisories write it, by that of the compiler: go1.20.7 gives 1.20.7, go1.21rc2 gives
 * 1.21.0-rc.2. Names of experiments (X:boringcrypto) and of those who built the compiler do not count: its sources are those of
 * the release. A development build has no version, and stays `devel`.
 */
export function standardVersion(go: string): string {
  const [, release, word, number] = /^go(\d+(?:\.\d+)*)(?:(alpha|beta|rc)(\d+))?/.exec(go) ?? [];
  if (release === undefined) return go.split(' ', 1)[0]!;
  if (word === undefined) return release;
  return `${[...release.split('.'), '0', '0'].slice(0, 3).join('.')}-${word}.${number}`;
}

/** Takes off the 16 bytes that the linker puts before and behind module information. */
export function unwrapModuleInfo(bytes: Buffer): string {
  const wrapped = bytes.length > envelope * 2 && bytes[bytes.length - envelope - 1] === 0x0a;
  return bytes.toString('utf8', wrapped ? envelope : 0, bytes.length - (wrapped ? envelope : 0));
}

/**
 * Reads module information as `debug/buildinfo` writes it: lines of `mod`, `dep` and `=>` (the replacement of the line
 * before, which counts in its place). A replacement by a folder has no version: there the replaced module counts. The
 * main module is left out where it has no version, as is usual.
 */
export function parseModuleInfo(text: string): readonly GoModule[] {
  const modules: GoModule[] = [];
  for (const line of text.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t');
    if (kind === 'mod' || kind === 'dep') modules.push({ path, version });
    else if (kind === '=>' && version !== '' && modules.length > 0)
      modules[modules.length - 1] = { path, version };
  }
  return modules.filter(({ path, version }) => path !== '' && version !== '' && version !== '(devel)');
}

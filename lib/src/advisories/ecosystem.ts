import { withoutModule } from '../inspect/module-streams.ts';

/** What was asked for last: packages of an image, and advisories of one of them, have few ecosystems, one after the other. */
let asked = '';
let answer = '';

/** The ecosystem without its suffix: Debian of Debian:12. */
export function ecosystemBase(ecosystem: string): string {
  if (ecosystem === asked) return answer;
  const colon = ecosystem.indexOf(':');
  answer = colon < 0 ? ecosystem : ecosystem.slice(0, colon);
  asked = ecosystem;
  return answer;
}

/** What advisories and packages are looked up by; releases of a distribution share it, `sameRelease` tells them apart. */
export function packageKey(ecosystem: string, name: string): string {
  return `${ecosystemBase(ecosystem)}\n${name}`;
}

/**
 * True if an advisory for one ecosystem is about packages of the other. Releases must agree (Debian:11 says nothing about
 * Debian:12); where one side names no release it is about all of them, since nothing tells that it is not.
 */
export function sameRelease(a: string, b: string): boolean {
  if (a === b) return true;
  if (ecosystemBase(a) !== ecosystemBase(b)) return false;
  const left = release(a);
  const right = release(b);
  return left === right || left === '' || right === '';
}

/** The release alone: Alpine's leading v and Ubuntu's Pro and LTS marks are spelling. */
function release(ecosystem: string): string {
  const base = ecosystemBase(ecosystem);
  const suffix = withoutModule(ecosystem).slice(base.length + 1);
  // The same packages are filed under every product and module that has them: all of one service pack are one release.
  const pack = base === 'SUSE' ? /\s(\d+(?: SP\d+)?)(?:[ -]|$)/.exec(suffix)?.[1] : undefined;
  // Behind the product stands the repository, which an image does not tell of single packages.
  const own = pack ?? (base === 'Red Hat' ? suffix.replace(/::.*$/, '') : suffix);
  return own
    .split(':')
    .filter((part) => part !== 'LTS' && part !== 'Pro')
    .join(':')
    .replace(/^v(?=[0-9])/, '');
}

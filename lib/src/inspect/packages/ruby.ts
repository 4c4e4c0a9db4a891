import type { RecordedPackage } from '../file-facts.ts';
import type { PackageFormat } from './formats.ts';
import { listedLicences } from './licence-list.ts';
import { isPlainWord } from './plain-text.ts';

const stub = /^# stub: (\S+) (\S+) \S+ \S/;
const assignment = /^\s*[a-z_][a-z0-9_]*\.(name|version|licenses?)\s*=\s*(.*)$/;
const literal =
  /^(?:Gem::Version\.(?:new|create)\(?\s*)?(?:"([^"\\#]*)"|'([^'\\]*)'|%q[{<([]([^}>)\]]*)[}>)\]])/;
const literals = /"([^"\\#]*)"|'([^'\\]*)'|%q[{<([]([^}>)\]]*)[}>)\]]/g;
/** Longer lines list files. */
const longestLine = 2000;
/** RubyGems looks for its stub in the first lines alone. */
const stubLines = 20;

/** True where RubyGems looks for what is installed, default gems included. */
function isSpecificationPath(path: string): boolean {
  return /(?:^|\/)specifications\/(?:[^/]+\/)*[^/]+\.gemspec$/.test(path);
}

/** What a gemspec says, by the stub in its first lines and by its Ruby, where that assigns plain text. */
export interface Gemspec {
  readonly packages: readonly RecordedPackage[];
  /** it has the line that only RubyGems writes, where it installs a gem */
  readonly hasStub: boolean;
  /** a name or version that it gives cannot be one */
  readonly isBroken: boolean;
}

/**
 * Reads a gemspec as RubyGems writes it (Gem::Specification#to_ruby) without running it. Where stub and Ruby differ, which no tool
 * writes, both count: programs that list gems read the one, programs that load them the other.
 */
export function parseGemspec(text: string): Gemspec {
  const lines = text.split(/\r?\n/);
  const found = new Map<string, { name: string; version: string }>();
  let isBroken = false;
  const add = (name: string | undefined, version: string | undefined): void => {
    if (name === undefined || version === undefined) return;
    if (isPlainWord(name) && isPlainWord(version)) found.set(`${name} ${version}`, { name, version });
    else isBroken = true;
  };
  const stubLine = lines.slice(0, stubLines).find((line) => line.length <= longestLine && stub.test(line));
  const [, stubName, stubVersion] = stub.exec(stubLine ?? '') ?? [];
  add(stubName, stubVersion);
  const assigned = assignmentsOf(lines);
  add(firstLiteral(assigned.get('name')), firstLiteral(assigned.get('version')));
  const licences = [...(assigned.get('licenses') ?? assigned.get('license') ?? '').matchAll(literals)]
    .map(([, double, single, quoted]) => double ?? single ?? quoted ?? '')
    .filter((licence) => licence !== '');
  // RubyGems has a list of identifiers, and no word for whether one of them may be chosen.
  const listed = listedLicences(licences, 'all');
  const licence = listed === undefined ? {} : { licence: listed };
  const packages = [...found.values()].map(
    (one) => ({ type: 'gem', ...one, ecosystem: 'RubyGems', ...licence }) as const,
  );
  return { packages, hasStub: stubLine !== undefined, isBroken };
}

/** The right-hand sides of the first assignment of each attribute. */
function assignmentsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const assigned = new Map<string, string>();
  for (const line of lines) {
    if (line.length > longestLine) continue;
    const [, attribute, value] = assignment.exec(line) ?? [];
    if (attribute !== undefined && value !== undefined && !assigned.has(attribute)) {
      assigned.set(attribute, value);
    }
  }
  return assigned;
}

function firstLiteral(value: string | undefined): string | undefined {
  const [, double, single, quoted] = literal.exec(value ?? '') ?? [];
  return double ?? single ?? quoted;
}

/** Gems as RubyGems installs them: a specification with a stub, or any in a folder of specifications. */
export const rubyFormat: PackageFormat = {
  name: 'ruby',
  observe({ path, head }, limits, listener) {
    const isNamed = path.endsWith('.gemspec');
    if (!isNamed && (head[0] !== 0x23 || !head.toString('latin1', 0, 256).includes('\n# stub: '))) {
      return undefined;
    }
    const use = (bytes: Buffer): void => {
      const { packages, hasStub, isBroken } = parseGemspec(bytes.toString('utf8'));
      const isInstalled = isSpecificationPath(path);
      // The gemspec among the sources of a gem, and the one that a developer wrote, describe what could be installed.
      if (packages.length > 0 && (hasStub || isInstalled)) {
        listener.fact({ kind: 'packages', format: 'ruby', packages });
      }
      if ((packages.length === 0 && isInstalled) || (isBroken && (hasStub || isInstalled))) {
        listener.problem('unreadable-file', 'it does not say in plain text which gem it is', true);
      }
    };
    return { how: 'keep', limit: limits.text * 32, use };
  },
};

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { versionOrder } from '@wharfinger/lib/advisories/versions/order';
import { boltFile, type Bucket } from './bolt-file.ts';
import type { OsvAffected, OsvRange, OsvRecord } from './records.ts';

/** What a database of Trivy (schema 2) has of one package in one advisory. */
interface Statement {
  readonly FixedVersion?: string;
  readonly VulnerableVersions?: readonly string[];
  readonly PatchedVersions?: readonly string[];
  readonly UnaffectedVersions?: readonly string[];
}

/** Ecosystems of OSV whose advisories Trivy keeps by ranges, as its own database calls their sources. */
const languages: Readonly<Record<string, string>> = {
  npm: 'npm::GitHub Security Advisory npm',
  PyPI: 'pip::GitHub Security Advisory pip',
  Go: 'go::GitHub Security Advisory Go',
  RubyGems: 'rubygems::GitHub Security Advisory RubyGems',
  Packagist: 'composer::GitHub Security Advisory Composer',
  'crates.io': 'cargo::GitHub Security Advisory Rust',
};
const distributions: Readonly<Record<string, string>> = {
  Debian: 'debian',
  Alpine: 'alpine',
  AlmaLinux: 'alma',
};

/**
 * Writes the folder that Trivy takes as `--cache-dir`: a database of these records and nothing else. Each record keeps its own id, also
 * where it is about a CVE, so that what is found can be compared record by record. Where a record says more than one thing of a package
 * of a distribution, which Trivy keeps as one fixed version, each is an advisory of its own, `ID#2`; but that of the builds of a module
 * the lowest counts, as in Trivy's own database.
 *
 * @returns number of statements written
 */
export function writeTrivyDatabase(folder: string, records: Iterable<OsvRecord>): number {
  const buckets = new Map<string, Map<string, Map<string, Statement>>>();
  const severities = new Map<string, string>();
  let count = 0;
  const put = (bucket: string, name: string, { id, ...record }: OsvRecord, statement: Statement): void => {
    const packages = buckets.get(bucket) ?? new Map<string, Map<string, Statement>>();
    buckets.set(bucket, packages);
    const statements = packages.get(name) ?? new Map<string, Statement>();
    packages.set(name, statements);
    let key = id;
    for (let at = 2; statements.has(key); at += 1) key = `${id}#${at}`;
    statements.set(key, statement);
    severities.set(key, severityOf(record));
    count += 1;
  };
  for (const record of records) {
    if (record.withdrawn !== undefined) continue;
    const ofLanguages = new Map<string, { bucket: string; name: string; statements: Statement[] }>();
    for (const affected of record.affected ?? []) {
      const { ecosystem, name } = affected.package;
      const [family = '', release = ''] = ecosystem.split(':', 2);
      const distribution = distributions[family];
      if (distribution !== undefined) {
        const bucket = `${distribution} ${release.replace(/^v/, '')}`;
        for (const fixed of fixedVersions(affected)) {
          const known = inModule(record, name, fixed);
          if (distribution === 'alma' && isFixedLower(record, affected, fixed)) continue;
          put(bucket, known, record, { FixedVersion: fixed });
        }
        continue;
      }
      const bucket = languages[ecosystem];
      if (bucket === undefined) continue;
      const known = comparable(ecosystem, name);
      const entry = ofLanguages.get(`${bucket} ${known}`) ?? { bucket, name: known, statements: [] };
      ofLanguages.set(`${bucket} ${known}`, entry);
      const statement = statementOf(affected);
      if (statement !== undefined) entry.statements.push(statement);
    }
    for (const { bucket, name, statements } of ofLanguages.values()) {
      if (statements.length > 0) put(bucket, name, record, joined(statements));
    }
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const root: Map<string, Bucket> = new Map(
    [...buckets].map(([bucket, packages]) => [
      bucket,
      new Map(
        [...packages].map(([name, statements]) => [
          name,
          new Map([...statements].map(([id, statement]) => [id, json(statement)])),
        ]),
      ),
    ]),
  );
  const source = (bucket: string) => json({ ID: 'test', Name: bucket, URL: 'https://example.test/' });
  root.set('data-source', new Map([...buckets.keys()].map((bucket) => [bucket, source(bucket)])));
  const details = [...severities].map(([id, Severity]) => [id, json({ Title: id, Severity })] as const);
  root.set('vulnerability', new Map(details));
  mkdirSync(join(folder, 'db'), { recursive: true });
  writeFileSync(join(folder, 'db/trivy.db'), boltFile(root), { mode: 0o600 });
  const now = new Date().toISOString();
  const metadata = { Version: 2, NextUpdate: '2099-01-01T00:00:00Z', UpdatedAt: now, DownloadedAt: now };
  writeFileSync(join(folder, 'db/metadata.json'), JSON.stringify(metadata));
  writeArchives(join(folder, 'java-db'), { ...metadata, Version: 1 });
  return count;
}

/** The second database of Trivy, of archives of Java by their digests, without which it reads no archive. It knows none. */
function writeArchives(folder: string, metadata: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'metadata.json'), JSON.stringify(metadata));
  const file = join(folder, 'trivy-java.db');
  rmSync(file, { force: true });
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)');
  database.exec('CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)');
  database.close();
}

/** As the record says it in a word, in Trivy's. */
function severityOf({ database_specific: native }: Pick<OsvRecord, 'database_specific'>): string {
  const word = native?.severity?.toUpperCase() ?? 'UNKNOWN';
  return word === 'MODERATE' ? 'MEDIUM' : word;
}

function fixedVersions(affected: OsvAffected): string[] {
  return (affected.ranges ?? []).flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []));
}

/** True where the record has a lower version of the package that is as good. */
function isFixedLower(record: OsvRecord, of: OsvAffected, fixed: string): boolean {
  const { ecosystem, name } = of.package;
  const order = versionOrder(ecosystem)!;
  const all = (record.affected ?? [])
    .filter((one) => one.package.ecosystem === ecosystem && one.package.name === name)
    .flatMap(fixedVersions);
  return all.some((other) => order(other, fixed) < 0);
}

/** Packages of module streams have the stream before their name; OSV records of AlmaLinux tell it in the summary only. */
function inModule(record: OsvRecord, name: string, fixed: string): string {
  const stream = /(?:^|\s)([a-zA-Z][\w.+-]*:[\w.-]+)(?:[\s/]|$)/.exec(record.summary ?? '')?.[1];
  return fixed.includes('.module_el') && stream !== undefined ? `${stream}::${name}` : name;
}

/** As Trivy spells the names that it looks for. */
function comparable(ecosystem: string, name: string): string {
  if (ecosystem === 'Go') return name;
  return ecosystem === 'PyPI' ? name.toLowerCase().replaceAll('_', '-') : name.toLowerCase();
}

/** In Trivy's words: ranges of OSV, or the constraints that the sources themselves have. */
function statementOf(affected: OsvAffected): Statement | undefined {
  const ranges = (affected.ranges ?? []).filter(({ type }) => type !== 'GIT');
  const versions = affected.versions ?? [];
  if (ranges.length > 0 || versions.length > 0) {
    return {
      VulnerableVersions: [...ranges.flatMap(constraintsOf), ...versions.map((version) => `=${version}`)],
    };
  }
  const native = affected.database_specific ?? {};
  const listed = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).filter(
      (one): one is string => typeof one === 'string' && one !== '',
    );
  if (native.branches !== undefined) {
    return { VulnerableVersions: Object.values(native.branches).map(({ versions: all }) => all.join(', ')) };
  }
  const statement = {
    VulnerableVersions: listed(native.vulnerable_versions),
    PatchedVersions: [...listed(native.patched_versions), ...listed(native.patched)],
    UnaffectedVersions: [...listed(native.unaffected_versions), ...listed(native.unaffected)],
  };
  return Object.values(statement).some((list) => list.length > 0) ? statement : undefined;
}

/**
 * Each beginning with its end, as Trivy's own database writes them: without `>=0`, with which its order leaves out pre-releases.
 * Of several last affected versions in a row each holds; what is fixed is not fixed once more.
 */
function constraintsOf({ events }: OsvRange): string[] {
  const constraints: string[] = [];
  let start: string | undefined;
  let isOpen = false;
  for (const { introduced, fixed, last_affected: last } of events) {
    const from = start === undefined || start === '0' ? '' : `>=${start}, `;
    if (introduced !== undefined) {
      start = introduced;
      isOpen = true;
      continue;
    }
    if (fixed !== undefined && isOpen) constraints.push(`${from}<${fixed}`);
    if (last !== undefined) constraints.push(`${from}<=${last}`);
    isOpen = false;
  }
  return isOpen ? [...constraints, `>=${start}`] : constraints;
}

function joined(statements: readonly Statement[]): Statement {
  return {
    VulnerableVersions: statements.flatMap((one) => one.VulnerableVersions ?? []),
    PatchedVersions: statements.flatMap((one) => one.PatchedVersions ?? []),
    UnaffectedVersions: statements.flatMap((one) => one.UnaffectedVersions ?? []),
  };
}

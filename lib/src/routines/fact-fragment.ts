import { factsShape, type Shape } from './fact-shape.ts';
import type { Facts } from './facts.ts';
import type { Path, PlainCheck } from './plain-check.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** An image with nothing wrong: what a test does not mention is as here. */
const faultless: Facts = {
  image: {
    digest,
    repository: 'team/app',
    kind: 'image',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 30_000_000,
    missing: [],
    annotations: {},
    config: {
      created: '2025-12-01T00:00:00Z',
      user: '1000',
      entrypoint: ['/app'],
      cmd: [],
      env: [],
      volumes: [],
      exposedPorts: [],
      labels: {},
    },
    base: {},
    layers: [{ digest, size: 29_000_000 }],
    platform: 'linux/amd64',
  },
  inventory: {
    complete: true,
    distribution: { id: 'debian', version: '12', ecosystem: 'Debian:12' },
    packages: [],
    licences: [],
    problems: [],
    contamination: {
      complete: true,
      counts: {
        modified: 0,
        configuration: 0,
        accounts: 0,
        missing: 0,
        missingDocumentation: 0,
        recordRewritten: 0,
        unowned: 0,
        addedExecutable: 0,
        changedExecutable: 0,
        setuid: 0,
        capability: 0,
        unchecked: 0,
      },
      files: [],
      unrecorded: [],
    },
    executables: { all: 100, foreign: 0, files: [] },
    accounts: {
      complete: true,
      counts: { passwordless: 0, password: 0, administrator: 0, key: 0 },
      found: [],
    },
    baked: { complete: true, counts: { data: 0, configuration: 0, cache: 0, history: 0 }, places: [] },
    secrets: {
      complete: true,
      counts: { possible: 0, low: 0, medium: 0, high: 0, critical: 0 },
      found: [],
    },
  },
  findings: [],
  advisories: { uncovered: [], ages: [{ of: 'Debian:12', fetched: '2025-12-31T12:00:00Z' }] },
  signatures: { valid: [], signers: [], principals: [], refused: [], trustedKeys: [] },
  attestations: { valid: [], refused: [], provenance: [], sboms: [], vex: [], approvals: [] },
  custody: { layout: 'release', complete: true, stages: [], layers: [], problems: [] },
  repository: {
    name: 'team/app',
    namespace: 'team',
    class: 'private',
    stage: 'development',
    externalFacing: false,
    official: false,
  },
};

const signer = { key: 'release', keyId: 'ab', principal: 'release', evidence: digest };

/** What an element of a list is where a test gives only some of its fields. */
const elements: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  findings: {
    advisory: 'CVE-2025-0001',
    aliases: [],
    package: 'openssl',
    version: '3.0.1',
    ecosystem: 'Debian:12',
    purl: 'pkg:deb/debian/openssl@3.0.1',
    severity: 'high',
    summary: '',
    malicious: false,
    since: '2025-01-01T00:00:00Z',
    layer: 0,
  },
  'findings[].waiver': {
    id: 'waiver-1',
    owner: 'alice',
    reason: 'not reachable',
    expires: '2026-12-31T00:00:00Z',
  },
  'findings[].exploited': { added: '2025-11-01T00:00:00Z' },
  'findings[].epss': { score: 0, percentile: 0 },
  'advisories.ages': { of: 'Debian:12', fetched: '2025-12-31T12:00:00Z' },
  'findings[].vex': { status: 'not_affected', by: 'release' },
  'inventory.packages': { type: 'deb', name: 'openssl', version: '3.0.1', purl: '', layer: 0 },
  'inventory.licences': {
    from: 'record',
    unknown: [],
    choices: [],
    system: false,
    packages: ['npm left-pad 1.3.0'],
  },
  'inventory.licences[].choices': { licences: [], without: [], categories: [], obligations: [] },
  'inventory.contamination.files': { kind: 'modified', path: 'usr/bin/env', layer: 0 },
  'inventory.executables.files': {
    path: 'usr/local/bin/app',
    layer: 0,
    type: 'program',
    machine: 'x86-64',
    needed: [],
    symbols: false,
    pie: true,
    relro: 'full',
    nx: true,
    stackProtector: true,
    fortified: true,
  },
  'inventory.accounts.found': { kind: 'passwordless', account: 'root', path: 'etc/shadow', layer: 0 },
  'inventory.baked.places': {
    id: 'sqlite-database',
    kind: 'data',
    what: 'database of SQLite',
    remedy: 'keep it in a volume',
    path: 'app/db.sqlite',
    layer: 0,
    files: 1,
    bytes: 4096,
  },
  'inventory.secrets.found': {
    rule: 'private-key',
    severity: 'high',
    where: 'file',
    path: 'app/key.pem',
    layer: 0,
    excerpt: '-----BEGIN PRIVATE KEY-----…',
  },
  'inventory.problems': { code: 'corrupt', message: 'a file could not be read', hides: true },
  'image.layers': { digest, size: 1000 },
  'signatures.valid': { ...signer, format: 'cosign-v3' },
  'attestations.valid': { ...signer, predicateType: 'https://slsa.dev/provenance/v1' },
  'attestations.refused': { evidence: digest, reason: 'it does not verify' },
  'attestations.provenance': { ...signer, builder: 'https://builder.example', buildType: '', materials: [] },
  'attestations.sboms': { ...signer, format: 'spdx', components: 10 },
  'attestations.vex': {
    ...signer,
    vulnerability: 'CVE-2025-0001',
    aliases: [],
    status: 'not_affected',
    products: [],
  },
  'attestations.approvals': {
    ...signer,
    stage: 'production',
    role: 'security',
    notAfter: '2026-12-31T00:00:00Z',
  },
  'custody.stages': {
    name: 'base',
    team: 'platform',
    key: 'platform',
    principal: 'platform',
    manifest: digest,
    repository: 'team/base',
    link: digest,
    kind: 'origin',
    firstLayer: 0,
    layers: 1,
    approvedBy: [],
  },
  'probes.*': {
    digest,
    version: '1.0.0',
    by: 'wharfinger',
    at: '2026-01-01T00:00:00Z',
    complete: true,
    result: { findings: [] },
  },
  'scanners.*': {
    state: 'reported',
    scanner: { name: 'Trivy', vendor: 'Aqua Security', version: '0.74.0' },
    asked: '2025-12-31T12:00:00Z',
    data: '2025-12-31T06:00:00Z',
    counts: { unscored: 0, none: 0, low: 0, medium: 0, high: 0, critical: 0 },
    findings: [],
  },
  'scanners.*.findings': {
    id: 'CVE-2025-0001',
    package: 'openssl',
    version: '3.0.1',
    severity: 'high',
    cwes: [],
  },
  'custody.layers': { index: 0, digest },
  'custody.problems': { code: 'UNATTRIBUTED', message: 'nobody answers for layer 1' },
  'signatures.refused': { format: 'cosign-v3', evidence: digest, reason: 'it does not verify' },
  held: { by: 'admin', at: '2025-12-24T00:00:00Z', reason: 'under investigation' },
};

/** Facts from the fragment of a test: the faultless image, with the fragment laid over it. Null takes a fact away. */
export function factsFromFragment(fragment: Readonly<Record<string, unknown>>): Facts {
  return layOver(faultless, fragment, '') as Facts;
}

function layOver(base: unknown, fragment: unknown, path: string): unknown {
  if (Array.isArray(fragment)) {
    const element = elementsAt(path);
    return fragment.map((part: unknown) => (element ? layOver(element, part, `${path}[]`) : part));
  }
  if (!isRecord(fragment)) return fragment;
  const merged: Record<string, unknown> = { ...(isRecord(base) ? base : elementsAt(path)) };
  for (const [name, value] of Object.entries(fragment)) {
    if (value === null) delete merged[name];
    else merged[name] = layOver(merged[name], value, path === '' ? name : `${path}.${name}`);
  }
  return merged;
}

/** Probes and scanners have names of their own, and each is as another. */
function elementsAt(path: string): Readonly<Record<string, unknown>> | undefined {
  return elements[path.replace(/^(probes|scanners)\.[^.]+/, '$1.*')];
}

/** Tells `check` of names in a fragment that no fact has, and of values of the wrong type. */
export function checkFragment(fragment: unknown, path: Path, check: PlainCheck): void {
  checkShape(fragment, factsShape, path, check);
}

function checkShape(value: unknown, shape: Shape, path: Path, check: PlainCheck): void {
  if (value === null) return;
  const must = (fits: boolean, what: string): void => {
    if (!fits) check.fail(path, `must be ${what}`);
  };
  switch (shape.kind) {
    case 'record':
      for (const [name, part] of Object.entries(check.fields(value, path, [...shape.fields.keys()]))) {
        const of = shape.fields.get(name);
        if (of) checkShape(part, of, [...path, name], check);
      }
      return;
    case 'list':
      for (const [index, part] of check.list(value, path, 10_000).entries())
        checkShape(part, shape.of, [...path, index], check);
      return;
    case 'texts-by-name':
      for (const [name, part] of check.entries(value, path))
        checkShape(part, { kind: 'text' }, [...path, name], check);
      return;
    case 'by-name':
      for (const [name, part] of check.entries(value, path))
        checkShape(part, shape.of, [...path, name], check);
      return;
    case 'json':
      return must(typeof value === 'object', 'an object or a list');
    case 'text':
      return must(typeof value === 'string', 'a text');
    case 'truth':
      return must(typeof value === 'boolean', 'true or false');
    case 'integer':
      return must(Number.isSafeInteger(value), 'a whole number');
    case 'number':
      return must(typeof value === 'number', 'a number');
    case 'time':
      // a test may try what a routine makes of a time that is none
      return must(typeof value === 'string', 'a text');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

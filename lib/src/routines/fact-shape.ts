/** What a field of the facts holds, and so which type it has in CEL. */
export type Shape =
  /** string */
  | { readonly kind: 'text' }
  /** whole number → int */
  | { readonly kind: 'integer' }
  /** number → double */
  | { readonly kind: 'number' }
  /** boolean → bool */
  | { readonly kind: 'truth' }
  /** RFC 3339 string → timestamp */
  | { readonly kind: 'time' }
  /** object with any names, each a string → map(string, string) */
  | { readonly kind: 'texts-by-name' }
  /** any JSON with whole numbers → what it is in CEL */
  | { readonly kind: 'json' }
  /** object with any names, each of one shape → map */
  | { readonly kind: 'by-name'; readonly of: Shape }
  /** array → list */
  | { readonly kind: 'list'; readonly of: Shape }
  /** object with these fields and no others → map; a field that is absent is not in the map */
  | { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Shape> };

const text: Shape = { kind: 'text' };
const integer: Shape = { kind: 'integer' };
const number: Shape = { kind: 'number' };
const truth: Shape = { kind: 'truth' };
const time: Shape = { kind: 'time' };
const textsByName: Shape = { kind: 'texts-by-name' };
const list = (of: Shape): Shape => ({ kind: 'list', of });
const record = (fields: Record<string, Shape>): Shape => ({
  kind: 'record',
  fields: new Map(Object.entries(fields)),
});

const config = record({
  created: time,
  user: text,
  entrypoint: list(text),
  cmd: list(text),
  env: list(text),
  volumes: list(text),
  exposedPorts: list(text),
  labels: textsByName,
});

const image = record({
  digest: text,
  repository: text,
  kind: text,
  mediaType: text,
  size: integer,
  missing: list(text),
  annotations: textsByName,
  config,
  base: record({ name: text, digest: text }),
  layers: list(record({ digest: text, size: integer, createdBy: text })),
  platform: text,
});

const inventory = record({
  complete: truth,
  distribution: record({ id: text, version: text, ecosystem: text }),
  packages: list(
    record({ type: text, name: text, version: text, purl: text, layer: integer, licence: text, spdx: text }),
  ),
  licences: list(
    record({
      spdx: text,
      from: text,
      unknown: list(text),
      choices: list(
        record({
          licences: list(text),
          without: list(text),
          categories: list(text),
          obligations: list(text),
        }),
      ),
      system: truth,
      packages: list(text),
    }),
  ),
  problems: list(record({ code: text, message: text, path: text, layer: integer, hides: truth })),
  contamination: record({
    complete: truth,
    reason: text,
    counts: record({
      modified: integer,
      configuration: integer,
      accounts: integer,
      missing: integer,
      missingDocumentation: integer,
      recordRewritten: integer,
      unowned: integer,
      addedExecutable: integer,
      changedExecutable: integer,
      setuid: integer,
      capability: integer,
      unchecked: integer,
    }),
    files: list(
      record({
        kind: text,
        path: text,
        layer: integer,
        package: text,
        recorded: text,
        found: text,
        detail: text,
      }),
    ),
    unrecorded: list(text),
  }),
  executables: record({
    all: integer,
    foreign: integer,
    files: list(
      record({
        path: text,
        layer: integer,
        type: text,
        machine: text,
        buildId: text,
        interpreter: text,
        needed: list(text),
        rpath: text,
        runpath: text,
        symbols: truth,
        pie: truth,
        relro: text,
        nx: truth,
        stackProtector: truth,
        fortified: truth,
        language: text,
        packer: text,
        broken: truth,
      }),
    ),
  }),
  baked: record({
    complete: truth,
    counts: record({ data: integer, configuration: integer, cache: integer, history: integer }),
    places: list(
      record({
        id: text,
        kind: text,
        what: text,
        remedy: text,
        path: text,
        layer: integer,
        files: integer,
        bytes: integer,
      }),
    ),
  }),
  accounts: record({
    complete: truth,
    reason: text,
    counts: record({ passwordless: integer, password: integer, administrator: integer, key: integer }),
    found: list(record({ kind: text, account: text, path: text, layer: integer, detail: text })),
  }),
  secrets: record({
    complete: truth,
    reason: text,
    counts: record({ possible: integer, low: integer, medium: integer, high: integer, critical: integer }),
    found: list(
      record({
        rule: text,
        severity: text,
        where: text,
        path: text,
        layer: integer,
        deleted: truth,
        line: integer,
        excerpt: text,
        fingerprint: text,
      }),
    ),
  }),
});

const finding = record({
  advisory: text,
  aliases: list(text),
  package: text,
  version: text,
  ecosystem: text,
  purl: text,
  severity: text,
  score: number,
  fixedIn: text,
  undecided: text,
  summary: text,
  malicious: truth,
  since: time,
  layer: integer,
  team: text,
  exploited: record({ added: time, due: time }),
  epss: record({ score: number, percentile: number }),
  vex: record({ status: text, justification: text, by: text, author: text, against: list(text) }),
  waiver: record({ id: text, owner: text, reason: text, expires: time }),
});

const signer = {
  key: text,
  keyId: text,
  principal: text,
  team: text,
  signedAt: time,
  identity: text,
  issuer: text,
  evidence: text,
};

const signatures = record({
  valid: list(record({ ...signer, format: text })),
  signers: list(text),
  principals: list(text),
  refused: list(record({ format: text, evidence: text, reason: text })),
  trustedKeys: list(text),
});

const attestations = record({
  valid: list(record({ ...signer, predicateType: text })),
  refused: list(record({ evidence: text, reason: text })),
  provenance: list(
    record({
      ...signer,
      builder: text,
      buildType: text,
      source: text,
      sourceDigest: text,
      materials: list(record({ uri: text, digest: text })),
    }),
  ),
  sboms: list(record({ ...signer, format: text, components: integer })),
  vex: list(
    record({
      ...signer,
      vulnerability: text,
      aliases: list(text),
      status: text,
      justification: text,
      products: list(text),
    }),
  ),
  approvals: list(record({ ...signer, stage: text, role: text, ticket: text, notAfter: time })),
});

const custody = record({
  layout: text,
  complete: truth,
  stages: list(
    record({
      name: text,
      team: text,
      key: text,
      principal: text,
      manifest: text,
      repository: text,
      link: text,
      kind: text,
      firstLayer: integer,
      layers: integer,
      approvedBy: list(text),
      notAfter: time,
    }),
  ),
  layers: list(record({ index: integer, digest: text, team: text })),
  problems: list(record({ code: text, message: text, stage: text, team: text, layer: integer })),
});

const repository = record({
  name: text,
  namespace: text,
  department: text,
  class: text,
  stage: text,
  externalFacing: truth,
  official: truth,
});

/** The fields of Facts: what a routine can name, and nothing else. */
export const factsShape = record({
  image,
  inventory,
  findings: list(finding),
  advisories: record({
    uncovered: list(text),
    ages: list(record({ of: text, fetched: time, newest: time })),
  }),
  signatures,
  attestations,
  custody,
  probes: {
    kind: 'by-name',
    of: record({
      digest: text,
      version: text,
      by: text,
      at: time,
      complete: truth,
      problem: text,
      result: { kind: 'json' },
    }),
  },
  scanners: {
    kind: 'by-name',
    of: record({
      state: text,
      problem: text,
      scanner: record({ name: text, vendor: text, version: text }),
      asked: time,
      data: time,
      counts: record({
        unscored: integer,
        none: integer,
        low: integer,
        medium: integer,
        high: integer,
        critical: integer,
      }),
      findings: list(
        record({
          id: text,
          package: text,
          version: text,
          fixedIn: text,
          severity: text,
          score: number,
          cwes: list(text),
        }),
      ),
    }),
  },
  repository,
  held: record({ by: text, at: time, reason: text }),
});

import canonicalize from 'canonicalize';
import { WharfingerError } from '../errors.ts';
import { parseImageConfig, type ImageConfig } from '../inspect/config.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { createPlainCheck, formatPath, type Path, type PlainCheck } from '../routines/plain-check.ts';
import { severityRanks } from '../routines/severity-order.ts';
import { readResultSchema, type ResultSchema } from './result-schema.ts';

/** The label of an image that declares it to be a probe. Its value is JSON. */
export const probeLabel = 'dev.wharfinger.probe';

/** What a probe says of itself, in its image, so that its digest pins it too. */
export interface ProbeDeclaration {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** of what it writes to its standard output */
  readonly mediaType: string;
  readonly schema: ResultSchema;
  /** of the schema as declared, in its canonical form (RFC 8785) */
  readonly schemaDigest: Digest;
  readonly limits: ProbeLimits;
}

/** What one run may take. */
export interface ProbeLimits {
  /** of wall clock */
  readonly seconds: number;
  /** bytes, swap and what it keeps in /tmp included */
  readonly memory: number;
  /** processes and threads at a time */
  readonly processes: number;
  /** bytes on its standard output */
  readonly output: number;
  /** bytes of /tmp, the only place that it can write to */
  readonly scratch: number;
}

const MiB = 1024 ** 2;

/** Names of probes, in declarations and policies. */
export const probeName = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Longer declarations are not read. */
const longestDeclaration = 64 * 1024;

/** least, most and usual of the limits, in the units of the declaration */
const bounds = {
  seconds: [1, 3600, 60],
  memoryMiB: [8, 65_536, 256],
  processes: [1, 4096, 64],
  outputKiB: [1, 1024, 256],
  scratchMiB: [0, 4096, 16],
} as const;

/**
 * Reads what an image declares itself to be as a probe.
 *
 * A probe has an entrypoint or command, declares no volumes (they would be written to the disk of the machine), and its result has
 * a list `findings` of objects with a `rule` and a `severity`, which the routine `probe-passed` reads. Whatever else it finds
 * has names of its own.
 *
 * @param config bytes of the image configuration
 * @throws WharfingerError PROBE_INVALID naming every mistake; MANIFEST_INVALID: it is no image configuration
 */
export function readDeclaration(config: Uint8Array): ProbeDeclaration {
  const parsed = parseImageConfig(config);
  const text = parsed.labels[probeLabel];
  const refuse = (what: string): never => {
    throw new WharfingerError('PROBE_INVALID', { what });
  };
  if (text === undefined) return refuse(`it has no label ${probeLabel}`);
  if (text.length > longestDeclaration)
    return refuse(`its label ${probeLabel} is longer than ${longestDeclaration} characters`);
  const check = createPlainCheck();
  const document = parseStrictJson(Buffer.from(text), (what) => refuse(`its label ${probeLabel}: ${what}`));
  const declared = readFields(document, check);
  checkRunnable(parsed, check);
  if (check.mistakes.length > 0)
    return refuse(check.mistakes.map(({ path, what }) => `${formatPath(path) || 'it'} ${what}`).join('\n'));
  return declared;
}

function readFields(document: unknown, check: PlainCheck): ProbeDeclaration {
  const names = ['name', 'version', 'description', 'mediaType', 'schema', 'limits'];
  const fields = check.fields(document, [], names);
  const name = check.text(fields['name'], ['name'], 100);
  if (name !== '' && !probeName.test(name))
    check.fail(['name'], 'must be lower-case words joined by -, such as secret-scan');
  const mediaType = check.text(fields['mediaType'] ?? 'application/json', ['mediaType'], 200);
  if (mediaType !== '' && !/^application\/(?:json|[a-z0-9][a-z0-9.+-]*\+json)$/.test(mediaType))
    check.fail(['mediaType'], 'must be application/json, or of a type that ends in +json');
  const schema = readResultSchema(fields['schema'], ['schema'], check);
  checkFindings(schema, check);
  return {
    name,
    version: check.text(fields['version'], ['version'], 100),
    description: check.text(fields['description'], ['description'], 1000),
    mediaType,
    schema,
    schemaDigest: digestOf(Buffer.from(canonicalize(fields['schema']) ?? '')),
    limits: readLimits(fields['limits'] ?? {}, check),
  };
}

function readLimits(value: unknown, check: PlainCheck): ProbeLimits {
  const fields = check.fields(value, ['limits'], Object.keys(bounds));
  const limit = (name: keyof typeof bounds): number => {
    const [least, most, usual] = bounds[name];
    const number = fields[name] ?? usual;
    if (Number.isSafeInteger(number) && (number as number) >= least && (number as number) <= most)
      return number as number;
    check.fail(['limits', name], `must be a whole number from ${least} to ${most}`);
    return usual;
  };
  return {
    seconds: limit('seconds'),
    memory: limit('memoryMiB') * MiB,
    processes: limit('processes'),
    output: limit('outputKiB') * 1024,
    scratch: limit('scratchMiB') * MiB,
  };
}

/** What the standard routine relies on. */
function checkFindings(schema: ResultSchema, check: PlainCheck): void {
  const path: Path = ['schema', 'properties', 'findings'];
  const must = 'must be a required list of objects that require rule and severity';
  if (schema.kind !== 'object' || !schema.required.includes('findings')) return check.fail(path, must);
  const findings = schema.properties.get('findings');
  const finding = findings?.kind === 'array' ? findings.items : undefined;
  if (finding?.kind !== 'object') return check.fail(path, must);
  const severity = finding.properties.get('severity');
  const isWhole =
    ['rule', 'severity'].every((name) => finding.required.includes(name)) &&
    finding.properties.get('rule')?.kind === 'string' &&
    severity?.kind === 'string';
  if (!isWhole) return check.fail(path, must);
  const ranks: readonly string[] = severityRanks;
  if (severity.choices?.every((choice) => ranks.includes(choice)) !== true)
    check.fail([...path, 'items', 'properties', 'severity'], `must be an enum out of ${ranks.join(', ')}`);
  for (const name of ['path', 'message'])
    if (finding.properties.has(name) && finding.properties.get(name)?.kind !== 'string')
      check.fail([...path, 'items', 'properties', name], 'must be a text');
}

function checkRunnable({ entrypoint, cmd, volumes, os }: ImageConfig, check: PlainCheck): void {
  if (entrypoint.length + cmd.length === 0) check.fail(['image'], 'has neither entrypoint nor command');
  if (volumes.length > 0)
    check.fail(
      ['image'],
      `declares volumes, which would be written to disk: ${volumes.join(', ').slice(0, 200)}`,
    );
  if (os !== 'linux') check.fail(['image'], `is for ${os || 'no operating system'}, not for linux`);
}

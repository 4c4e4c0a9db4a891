import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { digestLengths } from '@wharfinger/lib/inspect/hashing/chunk-hasher';
import { mostNeeded } from '@wharfinger/lib/inspect/executables/executable-facts';
import { inventoryFormat, problemCodes, type LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { packageTypes } from '@wharfinger/lib/inspect/packages/package-types';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { count, text } from './schema-fields.ts';
import { fileAccounts } from './accounts-schema.ts';
import { fileBaked } from './baked-schema.ts';
import { fileSecrets } from './secrets-schema.ts';

export { count, text };

const decompress = promisify(zstdDecompress);

const digest = z.custom<Digest>((value) => isDigest(value));

/** A problem of a layer. */
export const problem = z.strictObject({
  code: z.enum(problemCodes),
  path: text.optional(),
  message: text,
  hides: z.boolean(),
});

/** What was measured of a layer. */
export const measured = {
  digest,
  content: z.enum(['filesystem', 'chart', 'json', 'empty', 'opaque']),
  document: z.enum(['signature', 'attestation', 'sbom', 'provenance', 'other']).optional(),
  compression: z.enum(['none', 'gzip', 'zstd']),
  diffId: digest.optional(),
  size: count,
  entries: count,
};

// Checked by a plain loop below: there may be millions.
const codedPaths = z
  .custom<string[]>((value) => Array.isArray(value) && value.every(isCodedPath))
  .refine((paths) => sharesWhatIsThere(paths), 'a path shares more than the one before has');

const named = { name: text, version: text };

const rpmPackages = z.array(
  z.strictObject({
    ...named,
    architecture: text.optional(),
    source: text.optional(),
    licence: text.optional(),
    vendor: text.optional(),
    module: text.optional(),
  }),
);

/** What an ELF file says of itself. */
export const executable = {
  type: z.enum(['program', 'library', 'object']),
  machine: text,
  buildId: z
    .string()
    .regex(/^[0-9a-f]{0,128}$/)
    .optional(),
  interpreter: text.optional(),
  needed: z.array(text).max(mostNeeded).optional(),
  rpath: text.optional(),
  runpath: text.optional(),
  symbols: z.boolean().optional(),
  pie: z.boolean().optional(),
  relro: z.enum(['none', 'partial', 'full']),
  nx: z.boolean(),
  stackProtector: z.boolean().optional(),
  fortified: z.boolean().optional(),
  language: z.enum(['go', 'rust']).optional(),
  packer: z.enum(['upx', 'unknown']).optional(),
  broken: z.boolean().optional(),
};

const record = z.discriminatedUnion('kind', [
  z.strictObject({
    entry: count,
    kind: z.literal('dpkg'),
    packages: z.array(
      z.strictObject({
        ...named,
        architecture: text.optional(),
        source: text,
        sourceVersion: text,
        maintainer: text.optional(),
      }),
    ),
    sourceless: z.literal(true).optional(),
  }),
  z.strictObject({
    entry: count,
    kind: z.literal('apk'),
    packages: z.array(
      z.strictObject({ ...named, architecture: text.optional(), origin: text, licence: text.optional() }),
    ),
  }),
  z.strictObject({ entry: count, kind: z.literal('rpm'), packages: rpmPackages }),
  z.strictObject({ entry: count, kind: z.literal('rpm-journal'), packages: rpmPackages }),
  z.strictObject({ entry: count, kind: z.literal('content-sets'), names: z.array(text) }),
  z.strictObject({ entry: count, kind: z.literal('os-release'), fields: z.record(text, text) }),
  z.strictObject({ entry: count, kind: z.literal('apk-repositories'), streams: z.array(text) }),
  z.strictObject({
    entry: count,
    kind: z.literal('packages'),
    format: text,
    packages: z.array(
      z.strictObject({
        type: z.enum(packageTypes),
        ...named,
        ecosystem: text.optional(),
        matchName: text.optional(),
        licence: text.optional(),
        licenceText: z
          .strictObject({
            spdx: text.optional(),
            partly: z.strictObject({ spdx: text, unknown: z.array(text) }).optional(),
          })
          .optional(),
        purl: text.optional(),
        inside: text.optional(),
      }),
    ),
  }),
  z
    .strictObject({
      entry: count,
      kind: z.literal('recorded-files'),
      owner: z.strictObject({ type: z.enum(packageTypes), name: text }),
      algorithm: z.enum(['md5', 'sha1', 'sha256', 'sha512']).optional(),
      paths: codedPaths,
      digests: z.custom<string[]>((value) => Array.isArray(value) && value.every(isShortBase64)),
      configuration: z.array(count).optional(),
    })
    .refine(({ paths, digests }) => paths.length === digests.length, 'paths and digests differ in number'),
  z.strictObject({
    entry: count,
    kind: z.literal('diversions'),
    diversions: z.array(z.strictObject({ from: text, to: text, by: text.optional() })),
  }),
  z
    .strictObject({
      entry: count,
      kind: z.literal('licence'),
      form: z.enum(['copyright', 'text']),
      spdx: text.optional(),
      partly: z.strictObject({ spdx: text, unknown: z.array(text) }).optional(),
    })
    .refine(
      ({ spdx, partly }) => (spdx === undefined) !== (partly === undefined),
      'it says nothing, or two things',
    ),
  z.strictObject({ entry: count, kind: z.literal('executable'), ...executable }),
  fileSecrets,
  fileBaked,
  fileAccounts,
  z.strictObject({
    entry: count,
    kind: z.literal('distribution-file'),
    release: z.strictObject({ id: z.enum(['alpine', 'debian']), version: text }).optional(),
  }),
  z.strictObject({ entry: count, kind: z.literal('other-database'), format: text }),
]);

const entryIndex = z.string().regex(/^\d{1,8}$/);
const digestColumn = z.custom<string>(
  (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
);

const tree = z
  .strictObject({
    paths: codedPaths,
    types: z.string().regex(/^[fdlhcwo]*$/),
    links: z.record(entryIndex, text),
    modes: z.custom<string>((value) => typeof value === 'string' && /^[0-7]*$/.test(value)),
    sizes: z.custom<number[]>((value) => Array.isArray(value) && value.every(isSize)),
    digests: z.strictObject({
      sha256: digestColumn,
      md5: digestColumn.optional(),
      sha1: digestColumn.optional(),
    }),
    capabilities: z.record(entryIndex, z.string().regex(/^[A-Za-z0-9+/]{0,88}={0,2}$/)).optional(),
    secondArchive: count.optional(),
  })
  .refine(({ paths, types }) => paths.length === types.length, 'paths and types differ in number')
  .refine(({ types, modes }) => modes.length === types.length * 4, 'types and modes differ in number')
  .refine(({ types, sizes }) => sizes.length === types.split('f').length - 1, 'sizes are not of the files')
  .refine(({ sizes, digests }) => {
    const algorithms = ['sha256', 'md5', 'sha1'] as const;
    return algorithms.every(
      (one) => Buffer.byteLength(digests[one] ?? '', 'base64') <= sizes.length * digestLengths[one],
    );
  }, 'there are more digests than files');

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCodedPath(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 8192 && /^\d{1,5} /.test(value);
}

function isShortBase64(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9+/]{0,88}$/.test(value);
}

function sharesWhatIsThere(paths: readonly string[]): boolean {
  let length = 0;
  return paths.every((coded) => {
    const blank = coded.indexOf(' ');
    const shared = Number(coded.slice(0, blank));
    const fits = shared <= length;
    length = shared + coded.length - blank - 1;
    return fits;
  });
}

const inventory = z
  .strictObject({
    format: z.literal(inventoryFormat),
    ...measured,
    complete: z.boolean(),
    problems: z.array(problem).max(10_000),
    tree,
    records: z.array(record),
  })
  .refine(({ complete, problems }) => complete === !problems.some(({ hides }) => hides), 'complete is wrong')
  .refine(({ records, tree }) => records.every(({ entry }) => entry < tree.paths.length), 'no such entry');

/**
 * Reads an answer of the inspection process, which is trusted no more than the layers that it read.
 *
 * @param limit bytes of the longest JSON
 * @returns undefined where it is not the inventory of the layer with this digest
 */
export async function parseLayer(
  bytes: Uint8Array,
  expected: Digest,
  limit: number,
): Promise<LayerInventory | undefined> {
  let value: unknown;
  try {
    value = JSON.parse((await decompress(bytes, { maxOutputLength: limit })).toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = inventory.safeParse(value);
  return parsed.success && parsed.data.digest === expected ? parsed.data : undefined;
}

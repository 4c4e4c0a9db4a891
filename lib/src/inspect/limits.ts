import { isFields } from './json-fields.ts';

const MiB = 1024 ** 2;

/** How much of a layer is read before it counts as hostile. What exceeds a limit makes the inventory incomplete. */
export interface LayerLimits {
  /** uncompressed bytes of one layer */
  readonly bytes: number;
  /** uncompressed bytes for each compressed one, judged once `ratioFrom` uncompressed bytes have passed */
  readonly ratio: number;
  readonly ratioFrom: number;
  /** entries of one layer, headers that only describe others included */
  readonly entries: number;
  /** names below names */
  readonly depth: number;
  /** UTF-16 units of a path or link target */
  readonly path: number;
  /** bytes of all paths and link targets of a layer together */
  readonly names: number;
  /** bytes of a pax or GNU long-name header (Go's reader, which engines use, refuses more) */
  readonly header: number;
  /** bytes of a package database of dpkg or apk */
  readonly database: number;
  /** bytes of a package.json, and of a layer that is one JSON document */
  readonly json: number;
  /** bytes of other small text files: os-release, lists of repositories */
  readonly text: number;
  /** bytes of the build information in a Go binary */
  readonly buildInfo: number;
  /** regular files of a layer whose content is hashed; what comes after them cannot be compared with what packages recorded */
  readonly digests: number;
  /** packages and modules that all files of a layer record together */
  readonly packages: number;
  /** problems that are listed; the last one says that there are more */
  readonly problems: number;
  /** base-two logarithm of the largest zstd window, which is allocated at once */
  readonly zstdWindow: number;
  /** seconds for one layer; kept by whoever runs the reading, since the library has no clock */
  readonly seconds: number;
}

/** Generous for what builders make, small against what a server has. */
export const defaultLimits: LayerLimits = {
  bytes: 32 * 1024 * MiB,
  ratio: 200,
  ratioFrom: 64 * MiB,
  entries: 2_000_000,
  depth: 256,
  path: 4096,
  names: 256 * MiB,
  header: MiB,
  database: 64 * MiB,
  json: 16 * MiB,
  text: 64 * 1024,
  buildInfo: 4 * MiB,
  digests: 500_000,
  packages: 100_000,
  problems: 200,
  zstdWindow: 27,
  seconds: 300,
};

/** The usual limits, with those that plain data says in their place. */
export function limitsFrom(given: unknown): LayerLimits {
  const limits = { ...defaultLimits };
  for (const [name, value] of Object.entries(isFields(given) ? given : {})) {
    if (Object.hasOwn(limits, name) && typeof value === 'number') Object.assign(limits, { [name]: value });
  }
  return limits;
}

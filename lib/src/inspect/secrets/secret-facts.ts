/**
 * How bad it is that others can read a secret, the mildest first. `possible`: a value that stands where passwords stand and looks like
 * one, a key that lies in a test or in the files of a library, a key that is encrypted.
 */
export const secretSeverities = ['possible', 'low', 'medium', 'high', 'critical'] as const;

export type SecretSeverity = (typeof secretSeverities)[number];

/** One secret of a file or a configuration, told without saying it. */
export interface SecretHit {
  /** id of a row of the rules */
  readonly rule: string;
  readonly severity: SecretSeverity;
  /** from 1; absent: the file is no text */
  readonly line?: number;
  /** by what it was recognised, and a few characters of a long one: never the secret */
  readonly excerpt: string;
  /** SHA-256 of the secret, its first 16 hex digits; absent for passwords, which could be guessed from it */
  readonly fingerprint?: string;
}

/** What one file holds. */
export interface FileSecrets {
  /** the first ones, in the order of the file */
  readonly hits: readonly SecretHit[];
  /** how many more there are, at least; some may be told twice */
  readonly more: number;
}

/** Secrets of one file that are told, and secrets of all files of one layer. */
export const listedHits = 20;
export const layerHits = 5000;
/** Characters of an excerpt. */
export const longestExcerpt = 100;

/**
 * Ways into an image that lie in it: `passwordless` an account that lets in without a password; `password` one whose password hash is in
 * the image, the same wherever it runs; `administrator` one besides root that has all of its rights; `key` one that lets in by a
 * key of SSH.
 */
export const loginKinds = ['passwordless', 'password', 'administrator', 'key'] as const;

export type LoginKind = (typeof loginKinds)[number];

/** What one file says of one account. */
export interface Login {
  readonly kind: LoginKind;
  /** as the file has it, cut where it is long */
  readonly account: string;
  /** for people */
  readonly detail?: string;
}

/** What a file says of accounts. */
export interface FileAccounts {
  /** path of the file in its layer */
  readonly of: string;
  readonly logins: readonly Login[];
  /** where accounts are at home, relative to the root */
  readonly homes?: ReadonlyArray<{ readonly account: string; readonly home: string }>;
  /** why not all of it is told */
  readonly lacks?: string;
}

/** Logins, and homes, that are told of one file. */
export const mostOfFile = 500;

/** UTF-16 units of an account's name that are kept; those that systems take have 32. */
export const longestAccount = 100;

/** Files that say so, logins and homes that are told of one layer. */
export const mostOfLayer = 20_000;

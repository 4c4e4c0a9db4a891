import { errorsOfChecks } from './errors/checks.ts';
import type { ErrorEntry } from './errors/entry.ts';
import { errorsOfRequests } from './errors/requests.ts';
import { errorsOfSurroundings } from './errors/surroundings.ts';

/**
 * Every failure that leaves this library has a code of this one table, of which each file of the folder beside has a part: what HTTP
 * status and OCI error code it becomes on the wire, what went wrong, and what to do about it.
 *
 * OCI codes follow the distribution specification, section "Error Codes".
 */
const table = { ...errorsOfRequests, ...errorsOfChecks, ...errorsOfSurroundings } as const satisfies Record<
  string,
  ErrorEntry
>;

/** Codes of all failures of this product. */
export type ErrorCode = keyof typeof table;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(table) as readonly ErrorCode[];

/** What the table says of a code. */
export function describeError(code: ErrorCode): ErrorEntry {
  return table[code];
}

interface ErrorOptions {
  /** what exactly was wrong and where; becomes part of the message */
  readonly what?: string;
  /** replaces the table's remedy where more is known */
  readonly remedy?: string;
  /** plain data for the `detail` field of an OCI error */
  readonly detail?: unknown;
  readonly cause?: unknown;
}

/** A failure with a code of the table, what was wrong, and what to do. */
export class WharfingerError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly detail: unknown;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const entry: ErrorEntry = table[code];
    super(options.what === undefined ? entry.message : `${entry.message}: ${options.what}`, {
      cause: options.cause,
    });
    this.name = 'WharfingerError';
    this.code = code;
    this.remedy = options.remedy ?? entry.remedy;
    this.detail = options.detail;
  }

  get status(): number {
    return table[this.code].status;
  }
}

/** True if `error` is a WharfingerError, of this code where one is given. */
export function isWharfingerError(error: unknown, code?: ErrorCode): error is WharfingerError {
  return error instanceof WharfingerError && (code === undefined || error.code === code);
}

import { isWharfingerError, WharfingerError } from '../errors.ts';

const reasons = new WeakMap<WharfingerError, string>();

/**
 * Ends the reading of something that claims to be a signature.
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function refuse(reason: string, cause?: unknown): never {
  const error = new WharfingerError('SIGNATURE_INVALID', { what: reason, cause });
  reasons.set(error, reason);
  throw error;
}

const revoked = new WeakSet<WharfingerError>();

/**
 * Ends the reading of something that was genuine, but by a key that was revoked.
 * @throws WharfingerError as `refuse`
 */
export function refuseRevoked(reason: string): never {
  try {
    refuse(reason);
  } catch (error) {
    revoked.add(error as WharfingerError);
    throw error;
  }
}

/** Whether this is an error of `refuseRevoked`. */
export function isRevokedRefusal(error: unknown): boolean {
  return isWharfingerError(error) && revoked.has(error);
}

/** The reason given to `refuse`, if this is such an error; undefined for any other failure. */
export function refusalReason(error: unknown): string | undefined {
  if (!isWharfingerError(error, 'SIGNATURE_INVALID')) return undefined;
  return reasons.get(error);
}

import { refusalReason, refuse } from '../refusal.ts';

/**
 * Does what reads or verifies something untrusted. Parsers stumble over it in many ways; each of them means that it does not
 * verify.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function orRefuse<T>(what: string, verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    if (refusalReason(error) !== undefined) throw error;
    return refuse(`${what}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

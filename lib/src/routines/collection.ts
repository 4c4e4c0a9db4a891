import type { Digest } from '../oci/digest.ts';
import type { Collection } from './routine.ts';

/**
 * Reads a collection file (YAML) strictly.
 *
 * @throws WharfingerError ROUTINE_INVALID naming every mistake with its line
 */
export declare function loadCollection(text: string): Collection;

/** The digest that names a collection: of its text, byte for byte. */
export declare function digestOfCollection(text: string): Digest;

import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parseReference, type Reference } from '@wharfinger/lib/oci/reference';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';

/** Longer descriptors are not read. */
export const longestDescriptor = 1024 * 1024;

const descriptorType = 'application/vnd.oci.descriptor.v1+json';

/**
 * What containerd asks of an image verifier (its docs/image-verification.md): `-name`, `-digest`, `-stdin-media-type`, and the
 * descriptor on standard input. The digest is what will be pulled, whatever the name says.
 *
 * @returns the image by name and digest
 * @throws WharfingerError USAGE, REFERENCE_INVALID
 */
export function readQuestion(
  args: readonly string[],
  descriptor: Uint8Array,
): Reference & { digest: Digest } {
  const given = readFlags(args);
  const name = given.get('name');
  const digest = given.get('digest');
  if (name === undefined || !isDigest(digest)) {
    throw usage('give -name, and with -digest a sha256 or sha512 digest');
  }
  const { tag: _, ...reference } = parseReference(name);
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw usage(`the name says ${reference.digest}, and -digest ${digest}`);
  }
  if (given.get('stdin-media-type') === descriptorType) {
    const refuse = (what: string): never => {
      throw usage(`the descriptor on standard input: ${what}`);
    };
    const value = parseStrictJson(descriptor, refuse);
    const told =
      typeof value === 'object' && value !== null ? (value as { digest?: unknown }).digest : undefined;
    if (told !== digest) refuse(`it does not describe ${digest}`);
  }
  return { ...reference, digest };
}

/** Flags as Go's package flag takes them: `-name value`, `--name value`, `-name=value`. */
function readFlags(args: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name, inline] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(args[at]!) ?? [];
    if (name === undefined) throw usage(`${JSON.stringify(args[at]!.slice(0, 200))} is no flag`);
    if (given.has(name)) throw usage(`-${name} is given twice`);
    const value = inline ?? args[(at += 1)];
    if (value === undefined) throw usage(`-${name} has no value`);
    given.set(name, value);
  }
  return given;
}

function usage(what: string): WharfingerError {
  return new WharfingerError('USAGE', {
    what,
    remedy: 'let containerd run it, as an executable in the bin_dir of its image verifier',
  });
}

import { digestOf, type Digest } from '../oci/digest.ts';
import { canonicalText, type JsonObject } from './json-value.ts';

/**
 * Digest of what decides how an image runs: the RFC 8785 form of {"architecture", "config", "os"} of its configuration. Changes
 * of entry point, environment or user add no layer; this names them.
 *
 * @returns undefined where the configuration has no such form
 */
export function runtimeConfigDigest(image: {
  readonly os: string;
  readonly architecture: string;
  readonly config: JsonObject;
}): Digest | undefined {
  const { os, architecture, config } = image;
  const text = canonicalText({ architecture, config, os });
  return text === undefined ? undefined : digestOf(text);
}

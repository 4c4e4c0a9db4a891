import type { Digest } from './digest.ts';

/** Where a manifest runs (image specification, image-index.md). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/** A typed, sized, content-addressed pointer (image specification, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** the content itself, base64 */
  readonly data?: string;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** A platform as users write it: os/architecture[/variant]. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

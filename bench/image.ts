import { createHash } from 'node:crypto';

/** Content with its address. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
}

export interface ManifestBlob extends Blob {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export function blobOf(bytes: Uint8Array): Blob & { readonly bytes: Uint8Array } {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes };
}

/** A configuration for an image of one uncompressed layer. */
export function configOf(diffId: string): Blob & { readonly bytes: Uint8Array } {
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } };
  return blobOf(Buffer.from(JSON.stringify(config)));
}

/** A manifest of these parts; `mark` makes it unlike others of the same parts. */
export function manifestOf(config: Blob, layers: readonly Blob[], mark?: string): ManifestBlob {
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: config.digest,
      size: config.size,
    },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size,
    })),
    ...(mark === undefined ? {} : { annotations: { 'org.opencontainers.image.version': mark } }),
  };
  return { ...blobOf(Buffer.from(JSON.stringify(manifest))), mediaType: manifestType };
}

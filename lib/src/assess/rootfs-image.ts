import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { RootfsCompression, WrittenLayer } from './rootfs-layer.ts';

/** How an imported file system is run (OCI image specification, config.md). */
export interface RootfsSettings {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly created: Date;
  readonly user?: string;
  /** NAME=value */
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly folder?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An image but for the bytes of its layer. */
export interface RootfsImage {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer };
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly layer: Descriptor;
}

/** Makes the configuration and the manifest of an image of one layer. The same layer and settings give the same image. */
export function rootfsImage(
  written: WrittenLayer,
  compression: RootfsCompression,
  settings: RootfsSettings,
): RootfsImage {
  const { os, architecture, variant, user, env = [], entrypoint, command, folder, labels = {} } = settings;
  const created = settings.created.toISOString().replace(/\.\d+Z$/, 'Z');
  const config = describe(mediaTypes.ociConfig, {
    created,
    architecture,
    ...(variant !== undefined && { variant }),
    os,
    config: {
      ...(user !== undefined && { User: user }),
      ...(env.length > 0 && { Env: env }),
      ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
      ...(command !== undefined && { Cmd: command }),
      ...(folder !== undefined && { WorkingDir: folder }),
      ...(Object.keys(labels).length > 0 && { Labels: labels }),
    },
    rootfs: { type: 'layers', diff_ids: [written.diffId] },
    history: [{ created, created_by: 'wharf import' }],
  });
  const layer = {
    mediaType: `application/vnd.oci.image.layer.v1.tar+${compression}`,
    digest: written.digest,
    size: written.size,
  };
  const { descriptor, bytes } = describe(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: [layer],
  });
  return { manifest: { mediaType: mediaTypes.ociManifest, digest: descriptor.digest, bytes }, config, layer };
}

function describe(mediaType: string, document: object): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

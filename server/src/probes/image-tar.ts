import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { digestHex, type Digest } from '@wharfinger/lib/oci/digest';
import { tarEnd, tarHeader, tarPadding } from '@wharfinger/lib/oci/tar/write';

/** The image of a probe, wherever it lies. */
export interface ProbeImage {
  /** of its manifest */
  readonly digest: Digest;
  readonly config: Uint8Array;
  readonly configDigest: Digest;
  /** base first; checked against their digests while they flow */
  readonly layers: ReadonlyArray<{ readonly descriptor: Descriptor; open(): AsyncIterable<Uint8Array> }>;
}

/**
 * An image as `docker load` takes it in (Docker image specification 1.2, "Combined Image JSON + Filesystem Changeset Format"): without
 * a name, so that it is known by the digest of its config alone, which says what its layers unpack to.
 */
export async function* imageTar({ config, configDigest, layers }: ProbeImage): AsyncGenerator<Buffer> {
  const configName = `${digestHex(configDigest)}.json`;
  const names = layers.map((_, index) => `${index}.tar`);
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: null, Layers: names }]));
  for (const [name, bytes] of [
    [configName, config],
    ['manifest.json', manifest],
  ] as const) {
    yield tarHeader(name, bytes.length);
    yield Buffer.from(bytes);
    yield tarPadding(bytes.length);
  }
  for (const [index, layer] of layers.entries()) {
    const { size } = layer.descriptor;
    yield tarHeader(names[index]!, size);
    for await (const chunk of layer.open())
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    yield tarPadding(size);
  }
  yield tarEnd();
}

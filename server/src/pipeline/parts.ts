import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import type { Logger } from 'pino';
import type { Policy } from '../access/policy.ts';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import type { LayerFiles } from '../inspection/layer-files.ts';
import type { ProbeRunner } from '../probes/run-probe.ts';
import type { ChainMemory } from './chain-memory.ts';
import type { Editions } from './editions.ts';
import type { ImageComposer, LayerReader } from './inspect.ts';
import type { SharedResults } from './result-memory.ts';
import type { ScanParts } from './scan.ts';

/** What the steps of the pipeline work with. */
export interface PipelineParts {
  readonly db: Db;
  readonly catalog: Catalog;
  readonly storage: BlobStore;
  /** verdicts in memory, which the gate answers from */
  readonly memory: VerdictMemory;
  /** what decides, as it was last read */
  readonly policy: () => Policy;
  /** what decides now: read again where records were changed since, here or by another process */
  readonly freshPolicy: () => Promise<Policy & { readonly version: number }>;
  /** the same as numbered documents, which are kept */
  readonly editions: Editions;
  /** takes layers apart, away from this process */
  readonly readLayers: LayerReader;
  /** composes images of what was read, away from this process as well */
  readonly composeImage: ImageComposer;
  /** reads of layers that were taken apart which files they have, away from the thread that answers */
  readonly layerFiles: LayerFiles;
  /** what routines said, to be used again where nothing that they read has changed */
  readonly results: SharedResults;
  /** what is known of the images that others are built on */
  readonly chains: ChainMemory;
  /** what this registry signs with */
  readonly registryKey: SigningKey;
  /** what runs probes; absent: no engine is configured, and none is run */
  readonly probes?: ProbeRunner;
  /** what asks scanners; absent: none is asked */
  readonly scans?: ScanParts;
  readonly now: () => Date;
  readonly log: Logger;
}

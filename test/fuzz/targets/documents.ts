import { readCustodyFile } from '@wharfinger/lib/assess/custody-file';
import { readSavedAdvisories } from '@wharfinger/lib/assess/saved/read-advisories';
import { layout } from '@wharfinger/lib/custody/custody.fixtures';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { loadCollection } from '@wharfinger/lib/routines/collection';
import { collectionTemplate } from '@wharfinger/lib/routines/collection-template';
import { fileOfPacked, packCollection, readPacked } from '@wharfinger/lib/routines/goods';
import { standardCollectionText } from '@wharfinger/lib/routines/standard';
import { newKey } from '@wharfinger/lib/signing/evidence.fixtures';
import { stringify } from 'yaml';
import { nothing, type Target } from '../target.ts';

const anybody = newKey();
const generation = digestOf('advisories');
const collectionText = collectionTemplate('payments');
const collection = loadCollection(collectionText);
const packed = packCollection(collection);
const packedFile = packed.blobs[1]!.bytes;

const advisories = {
  generation: generation,
  covered: ['Debian:12'],
  records: [
    {
      advisory: {
        id: 'TEST-1',
        aliases: ['CVE-1'],
        summary: '',
        severity: 'high',
        score: 7.5,
        published: '2026-01-01T00:00:00Z',
        malicious: false,
        affected: [
          {
            ecosystem: 'Debian:12',
            name: 'a',
            versions: ['1'],
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
          },
        ],
        references: [],
      },
      firstImported: '2026-01-02T00:00:00Z',
    },
  ],
};

const signers = layout.stages.flatMap(({ teams }) => teams.flatMap((team) => team.signers));
const custodyFile = stringify({
  signers: signers.map((name) => ({ name, principal: name.replace('-key', ''), pem: anybody.publicPem })),
  layout: {
    ...layout,
    stages: layout.stages.map((stage) => ({ ...stage, approvals: { needed: 0, roles: {}, signers: [] } })),
  },
});

const bytesOf = (text: string): Buffer => Buffer.from(text);
const textOfBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Documents that decide by what they say, and are signed from outside or not at all. */
export const documentTargets: readonly Target[] = [
  {
    name: 'collection of routines',
    refuses: ['ROUTINE_INVALID'],
    genuine: [bytesOf(collectionText)],
    material: [bytesOf(standardCollectionText)],
    read: (bytes) => nothing(loadCollection(textOfBytes(bytes))),
  },
  {
    name: 'packed collection',
    refuses: ['ROUTINE_INVALID'],
    genuine: [packedFile],
    read: (bytes) =>
      nothing(readPacked(parseManifest(packed.manifest.bytes, packed.manifest.mediaType), bytes)),
  },
  {
    name: 'manifest of a packed collection',
    refuses: ['ROUTINE_INVALID', 'MANIFEST_INVALID'],
    genuine: [packed.manifest.bytes],
    read(bytes) {
      const manifest = parseManifest(bytes, packed.manifest.mediaType);
      fileOfPacked(manifest);
      return nothing(readPacked(manifest, packedFile));
    },
  },
  {
    name: 'advisories of an archive',
    refuses: ['EVIDENCE_CHANGED'],
    genuine: [bytesOf(JSON.stringify(advisories))],
    read: (bytes) => nothing([...(readSavedAdvisories(bytes).records() as Iterable<unknown>)]),
  },
  {
    name: 'custody file',
    refuses: ['LAYOUT_INVALID'],
    genuine: [bytesOf(custodyFile)],
    read: async (bytes) => nothing(await readCustodyFile(textOfBytes(bytes), async () => anybody.publicPem)),
  },
];

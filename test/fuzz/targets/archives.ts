import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDebian, sign, type Made } from '@wharfinger/lib/assess/assess.fixtures';
import { judgeContent } from '@wharfinger/lib/assess/judge-content';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { signReceipt } from '@wharfinger/lib/assess/receipt';
import { collectImage } from '@wharfinger/lib/assess/saved/collect';
import { verifySaved } from '@wharfinger/lib/assess/saved/verify';
import { writeArchive } from '@wharfinger/lib/assess/saved/write';
import { readSavedAdvisories } from '@wharfinger/lib/assess/saved/read-advisories';
import type { FileSet } from '@wharfinger/lib/client/file-set';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { openArchive } from '@wharfinger/lib/client/open-archive';
import { writeLayout } from '@wharfinger/lib/client/testing/images';
import { readLayer } from '@wharfinger/lib/inspect/layer';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { newKey } from '@wharfinger/lib/signing/evidence.fixtures';
import type { Claims, Target } from '../target.ts';

const now = new Date('2026-03-04T12:00:00Z');
const [registry, publisher] = [newKey(), newKey('ed25519')];
const registryKeys = [{ name: 'registry', pem: registry.publicPem }];
const judgement = makeJudgement({
  repositories: [makeRule('team/**')],
  trust: [makeTrust('team/**', { name: 'release', pem: publisher.publicPem })],
});
const advisories = { generation: digestOf('no advisories'), covered: [], ages: {}, threats: [], records: [] };

/** Gives a new folder to `use`, and removes it afterwards. */
async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-fuzz-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function* inspectLayers(layers: Parameters<Parameters<typeof verifySaved>[1]['inspectLayers']>[0]) {
  for (const layer of layers) yield await readLayer({ digest: layer.descriptor.digest, bytes: layer.open() });
}

/** An archive as `wharf save` writes it, of an image with packages and a signature. */
async function archiveOf(place: string, image: Made, signed: boolean): Promise<Buffer> {
  await writeLayout(place, [
    { image, name: 'latest' },
    ...(signed ? [{ image: sign(image, publisher) }] : []),
  ] as never);
  const content = await layoutContent(folderFiles(place));
  const fetched = (await content.manifest(image.manifest.digest))!;
  const known = readSavedAdvisories(Buffer.from(JSON.stringify(advisories)));
  const judged = await judgeContent(content, fetched, {
    repository: 'team/app',
    judgement,
    purpose: 'pull',
    now,
    advisories: known,
    inspectLayers,
  });
  const collected = await collectImage(content, fetched, undefined, judged.ancestors, () => content);
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive(collected, {
    repository: 'team/app',
    tag: 'latest',
    image: fetched.digest,
    purpose: 'pull',
    judgement: signJudgement(judgement, registry),
    receipts: [signReceipt(judged.receipt, registry)],
    advisories,
  }))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

const one = await makeDebian({ packages: { curl: { source: 'curl', version: '7.88' } } });
const two = await makeDebian({ packages: { bash: { source: 'bash', version: '5.2' } } });
const archives = [
  await inFolder((place) => archiveOf(place, one, true)),
  await inFolder((place) => archiveOf(place, two, false)),
];

/** What is confirmed of an archive: which image, as whose, with which receipts. */
const read = (bytes: Uint8Array): Promise<Claims> => inFolder((folder) => readIn(folder, bytes));

async function readIn(folder: string, bytes: Uint8Array): Promise<Claims> {
  const path = join(folder, 'changed.tar');
  await writeFile(path, bytes);
  let files: FileSet | undefined;
  try {
    files = await openArchive(path, { temporaryFolder: folder });
    const {
      image,
      repository,
      tag,
      receipts,
      leftOut,
      registry: identity,
    } = await verifySaved(files, { registryKeys, now, inspectLayers });
    return [{ image, repository, tag, receipts, leftOut, identity }];
  } finally {
    await files?.close();
  }
}

/** Archives of images with their evidence, as tar files. */
export const archiveTargets: readonly Target[] = [
  {
    name: 'archive of wharf save',
    refuses: [
      'ARCHIVE_INVALID',
      'EVIDENCE_CHANGED',
      'JUDGEMENT_UNTRUSTED',
      'JUDGEMENT_INVALID',
      'RECEIPT_INVALID',
      'MANIFEST_INVALID',
      'MANIFEST_UNKNOWN',
    ],
    genuine: archives,
    read,
  },
];

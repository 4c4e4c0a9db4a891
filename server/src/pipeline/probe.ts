import { chooseImage } from '@wharfinger/lib/client/image-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { BoundProbe } from '@wharfinger/lib/probes/bound-probe';
import { readDeclaration } from '@wharfinger/lib/probes/declaration';
import { probePredicate } from '@wharfinger/lib/probes/statement';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { enqueue } from '../jobs/enqueue.ts';
import { namespaceOf, type Job, type JobRequest } from '../jobs/job.ts';
import type { RunnableImage } from '../probes/run-probe.ts';
import { runProbe } from '../probes/run-probe.ts';
import { probeRuns, putProbeRun } from '../stores/probe-runs.ts';
import { manifestsAfter, type Placed } from '../stores/repositories.ts';
import { attachStatement } from './attach-statement.ts';
import { ownContent } from './own-content.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage, type StoredManifest } from './stored-image.ts';

/** Kind of the job that runs probes on an image. */
export const probeJob = 'probe';

/**
 * Asks for the probes to be run that are bound to the repository of an image and were not run on it yet. Where no engine is
 * configured nothing is asked for: what needs them stays undecided.
 */
export async function askForProbes(parts: PipelineParts, place: Placed): Promise<void> {
  const { policy, now } = parts;
  if (parts.probes === undefined || policy().rulesFor(place.repository, 'pull', now()).probes.length === 0)
    return;
  const image = await loadImage(parts, place);
  if (!image || (await pendingProbes(parts, image)).length === 0) return;
  const { repository, digest } = place;
  const key = `${repository}@${digest}`;
  await enqueue(parts.db, [{ kind: probeJob, key, namespace: namespaceOf(repository) }], parts.now());
}

/** Kind of the job that looks for images on which probes were not run. */
export const probeAllJob = 'probe-all';

/** Images that one step of it looks at. */
const stepSize = 500;

/** Asks for a look at all images: an engine may be there that was not when they were checked. */
export async function askForAllProbes({ db, probes, now }: PipelineParts): Promise<void> {
  if (probes === undefined) return;
  await enqueue(db, [stepFrom(0)], now());
}

/** One step of that. */
export async function probeAll(parts: PipelineParts, { payload }: Job): Promise<void> {
  const places = await manifestsAfter(parts.db, typeof payload === 'number' ? payload : 0, stepSize);
  for (const place of places) await askForProbes(parts, place);
  const last = places.at(-1);
  if (last) await enqueue(parts.db, [stepFrom(last.id)], parts.now());
}

function stepFrom(id: number): JobRequest {
  return { kind: probeAllJob, key: 'all', namespace: '', payload: id };
}

/** None for what has no file system: an index, a statement, a chart. */
async function pendingProbes(
  { db, policy, now }: PipelineParts,
  image: StoredManifest,
): Promise<readonly BoundProbe[]> {
  const { manifest, repository, missing } = image;
  const { probes } = policy().rulesFor(repository, 'pull', now());
  if (probes.length === 0 || manifest.kind === 'index' || missing.length > 0) return [];
  const { mediaType } = manifest.config;
  if (mediaType !== mediaTypes.ociConfig && mediaType !== mediaTypes.dockerConfig) return [];
  const ran = new Set((await probeRuns(db, image)).map(({ probe }) => probe));
  return probes.filter(({ digest }) => !ran.has(digest));
}

/**
 * Runs the probes that are missing on an image, and attaches what each found as a statement that the registry signs. That is new
 * evidence, by which the image is judged again. What a probe does wrong is stated as well: it is not run again on the same image.
 *
 * @throws WharfingerError PROBE_INVALID, ENGINE_FAILED, MANIFEST_UNKNOWN: then nothing is stated, and the job is tried again
 */
export async function runProbes(parts: PipelineParts, place: Placed, signal: AbortSignal): Promise<void> {
  const runner = parts.probes;
  const image = await loadImage(parts, place);
  if (runner === undefined || !image) return;
  const failures: unknown[] = [];
  for (const bound of await pendingProbes(parts, image)) {
    try {
      await runOne(parts, place, bound, signal);
    } catch (error) {
      // one that cannot be run keeps no other from being run
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function runOne(
  parts: PipelineParts,
  place: Placed,
  bound: BoundProbe,
  signal: AbortSignal,
): Promise<void> {
  const at = parts.now();
  const subject = await openOwn(parts, place);
  const probe = await openOwn(parts, bound);
  await requireSigned(parts, bound);
  const { name } = readDeclaration(await probe.config());
  if (name !== bound.name)
    throw new WharfingerError('PROBE_INVALID', {
      what: `${bound.repository}@${bound.digest} calls itself ${name}, and is configured as ${bound.name}`,
      remedy: 'give it the name that it declares under probes.run in the configuration',
    });
  const { declaration, outcome } = await runProbe(parts.probes!, { probe, subject, now: at, signal });
  const predicate = probePredicate({ probe: bound.digest, declaration, outcome, at });
  const descriptor = {
    mediaType: subject.mediaType,
    digest: place.digest,
    size: subject.manifestBytes.length,
  };
  const statement = { predicateType: predicateTypes.probe, predicate };
  const signed = signStatement(descriptor, statement, parts.registryKey, at);
  await attachStatement(parts, place.repository, signed);
  await putProbeRun(parts.db, place, { probe: bound.digest, statement: signed.manifest.digest }, at);
  const { complete } = outcome;
  const what = { probe: bound.name, image: `${place.repository}@${place.digest}`, complete };
  parts.log.info('problem' in outcome ? { ...what, problem: outcome.problem } : what, 'a probe was run');
}

async function openOwn(
  { catalog, storage }: PipelineParts,
  { repository, digest }: Placed,
): Promise<RunnableImage & { readonly mediaType: string }> {
  const content = ownContent(catalog, storage, repository);
  const fetched = await content.manifest(digest);
  if (!fetched) throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${repository} has no ${digest}` });
  return chooseImage(content, fetched, 'linux/amd64');
}

/** A probe that has to be signed is run only if the signature counts for its own repository now. */
async function requireSigned(
  { catalog, storage, policy, now }: PipelineParts,
  { repository, digest, signedBy }: BoundProbe,
): Promise<void> {
  if (signedBy === undefined) return;
  const { trust } = policy().rulesFor(repository, 'pull', now());
  const { valid } = await verifyEvidence({ digest }, ownContent(catalog, storage, repository), trust, now());
  if (valid.some(({ key, purposes }) => key === signedBy && purposes.includes('release'))) return;
  throw new WharfingerError('PROBE_INVALID', {
    what: `${repository}@${digest} has no signature by ${signedBy} that counts for ${repository}`,
    remedy: 'sign the probe (wharf sign), and trust the key for its repository',
  });
}

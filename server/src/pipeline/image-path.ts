import type { Placed } from '../stores/repositories.ts';
import { inspectImage } from './inspect.ts';
import { judgeImage } from './judge.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';
import { verifySignatures } from './verify.ts';

/**
 * The path of an image through Wharfinger. Read this first.
 *
 * 1. receive: lib/registry streams the bytes into the blob store and parses the manifest.
 * 2. record: record.ts, in the transaction that makes the manifest visible, writes the audit entry and the job that
 *    calls what follows here. Only then is the push acknowledged.
 * 3. inspect: inspect.ts has each layer that is new taken apart in a process of its own, once.
 * 4. match: in the transaction that stores what was found, the package versions that are new are matched against all
 *    advisories (stores/findings.ts).
 * 5. verify: verify.ts checks signatures against the keys trusted for the repository.
 * 6. judge: judge-images.ts puts the facts (known-images.ts) before the routines that are bound, and keeps the verdict; judge.ts
 *    asks that for one image.
 * 7. serve: gate/gate.ts asks for that verdict on every pull, from memory.
 * 8. follow: follow.ts ends exactly the verdicts that a change may have made untrue, and has them made again, many at once
 *    (work.ts). Where nothing has changed but what advisories say, no image is looked into.
 */
export async function checkImage(parts: PipelineParts, place: Placed, signal: AbortSignal): Promise<void> {
  const image = await loadImage(parts, place);
  if (!image) return; // deleted since
  await inspectImage(parts, image, signal);
  await verifySignatures(parts, place);
  await judgeImage(parts, place);
}

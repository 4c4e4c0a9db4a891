import { stat } from 'node:fs/promises';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { openArchive } from '@wharfinger/lib/client/open-archive';
import { verifySaved, type VerifiedArchive } from '@wharfinger/lib/assess/saved/verify';
import { WharfingerError } from '@wharfinger/lib/errors';
import { count, displayable, shortDigest, type Style } from './display.ts';
import { exitCodeOf, exitCodes, worstExitCode, type ExitCode } from './exit-codes.ts';
import type { ImageOptions } from './image-options.ts';
import { inputsOf } from './local-assessment.ts';
import { readKeys } from './local-judgement.ts';
import type { Session } from './session.ts';
import { verdictText } from './verdict-text.ts';

/**
 * Checks an archive of `wharf save`, or the folder that one was unpacked into, and says what of it was confirmed. Nothing is
 * asked of any network.
 *
 * @throws WharfingerError USAGE without a key; EVIDENCE_CHANGED, JUDGEMENT_UNTRUSTED, RECEIPT_INVALID, ARCHIVE_INVALID
 */
export async function verifyOffline(
  session: Session,
  { registryKey = [], judgement, key, advisories, vex, vexBy }: ImageOptions,
  file: string,
): Promise<ExitCode> {
  if ([judgement, key, advisories, vex, vexBy].some((given) => given !== undefined))
    throw new WharfingerError('USAGE', {
      what: '--offline judges by what lies in the archive: --judgement, --key, --advisories and --vex have no place beside it',
    });
  if (registryKey.length === 0)
    throw new WharfingerError('USAGE', {
      what: '--offline needs --registry-key: without the key of the registry anybody could have made the archive',
      remedy: 'bring the key over by another way than the archive; wharf judgement key writes it',
    });
  const files = (await isFolder(file)) ? folderFiles(file) : await openArchive(file);
  const progress = session.progress();
  try {
    const verified = await verifySaved(files, {
      registryKeys: await readKeys(registryKey),
      now: session.now(),
      inspectLayers: (layers) => session.inspectLayers(inputsOf(layers, progress)),
    });
    progress.end();
    session.result({ archive: file, judgedBy: 'local', equal: true, ...verified }, () =>
      textOf(file, verified, session.style),
    );
    return codeOf(verified);
  } finally {
    progress.end();
    await files.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** What may be used now, and was allowed when it was saved. */
function codeOf({ receipts, today }: VerifiedArchive): ExitCode {
  if ('expired' in today) return exitCodes.refused;
  return worstExitCode([
    ...receipts.map(({ verdict }) => exitCodeOf(verdict)),
    exitCodeOf(today.verdict),
    ...today.images.map(({ verdict }) => exitCodeOf(verdict)),
  ]);
}

function textOf(file: string, verified: VerifiedArchive, style: Style): string {
  const { repository, tag, image, registry, receipts, leftOut, today } = verified;
  const name = `${repository}${tag === undefined ? '' : `:${tag}`}@${shortDigest(image)}`;
  const lines = [
    style.bold(displayable(`${file} holds ${name}, as the registry ${registry} judged it.`)),
    ...receipts.map(({ digest, platform, verdict, keyId }) =>
      displayable(
        `${platform ?? (receipts.length > 1 ? 'index' : 'image')}  ${shortDigest(digest)}  ${verdict.outcome} at ${verdict.at}; ` +
          `receipt equal byte for byte, signed by ${keyId.slice(0, 16)}`,
      ),
    ),
    ...(leftOut.length === 0 ? [] : [`${count(leftOut.length, 'image')} of the index were not saved.`]),
  ];
  if ('expired' in today)
    return [
      ...lines,
      '',
      style.red(`Not to be used now: ${today.expired}. Save the image again, or bring a newer archive over.`),
    ].join('\n');
  const now = [today, ...today.images].map(({ verdict, digest }) =>
    verdictText(`now: ${repository}@${shortDigest(digest)}`, verdict, style),
  );
  return [...lines, '', ...now].join('\n');
}

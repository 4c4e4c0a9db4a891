import type { Command } from 'commander';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { displayable, shortDigest } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { keyOption, readSigningKeys } from '../key-file.ts';
import { withRemoteImage, type RemoteImage } from '../remote-image.ts';
import type { Run, Session } from '../session.ts';
import { addFormatOptions, signerFor, type FormatOptions } from '../signing-format.ts';

interface Options extends FormatOptions {
  readonly key: readonly string[];
  readonly recursive?: boolean;
}

interface Signature {
  readonly digest: Digest;
  /** file */
  readonly key: string;
  readonly keyId: string;
  /** digest of the manifest that carries it */
  readonly signature: Digest;
}

export function addSign(program: Command, run: Run): void {
  const command = program
    .command('sign')
    .summary('sign an image in any registry')
    .description(
      'Signs an image as cosign 3 does, with a key and without a public log, or as notation does, with a key and its ' +
        'certificates, and pushes the signature next to it. What a tag means is asked once; give the digest to sign what ' +
        'you have tested. With several keys, each signs.',
    )
    .argument('<image>', 'host/repository@digest or host/repository:tag')
    .requiredOption('--key <file...>', keyOption)
    .option('-r, --recursive', 'sign the images of an index too');
  addFormatOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  wharf sign localhost:5000/team/app@sha256:… --key release.key\n' +
        '  cosign verify --key release.pub --insecure-ignore-tlog localhost:5000/team/app@sha256:…\n' +
        '  wharf sign localhost:5000/team/app@sha256:… --format notation --key release.key --certificate chain.pem',
    )
    .action(run(sign));
}

async function sign(session: Session, options: Options, text: string): Promise<ExitCode> {
  const keys = await readSigningKeys(options.key, session);
  const signOne = await signerFor(options, keys.length);
  return withRemoteImage(text, session, async (image) => {
    const signatures: Signature[] = [];
    for (const subject of subjectsOf(image, options.recursive === true)) {
      for (const { file, key } of keys) {
        const signed = signOne(subject, key, session.now());
        await pushArtifact(image.registry, image.repository, signed);
        const { digest } = subject;
        signatures.push({ digest, key: file, keyId: key.id, signature: signed.manifest.digest });
      }
    }
    session.result({ image: image.name, signatures }, () =>
      [
        displayable(`Signed ${image.name}`),
        ...signatures.map(({ digest, key, signature }) =>
          displayable(`  ${shortDigest(digest)}  with ${key}: ${shortDigest(signature)}`),
        ),
      ].join('\n'),
    );
    return exitCodes.done;
  });
}

/** The image, and of an index its images where they are wanted. */
function subjectsOf(
  { subject, manifest }: RemoteImage,
  recursive: boolean,
): ReadonlyArray<Pick<Descriptor, 'mediaType' | 'digest' | 'size'>> {
  return recursive && manifest.kind === 'index' ? [subject, ...manifest.manifests] : [subject];
}

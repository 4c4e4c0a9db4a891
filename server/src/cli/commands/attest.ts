import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { mistakeInPredicate } from '@wharfinger/lib/assess/facts-of-attestations';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { customPredicate, predicateNames } from '@wharfinger/lib/signing/predicate-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { signaturePredicate } from '@wharfinger/lib/signing/statement';
import { defaultEvidenceLimits } from '@wharfinger/lib/signing/verify-evidence';
import { displayable, shortDigest } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { keyOption, readSigningKeys } from '../key-file.ts';
import { readStandardInput } from '../prompt.ts';
import { withRemoteImage } from '../remote-image.ts';
import type { Run, Session } from '../session.ts';

interface Options {
  readonly type: string;
  readonly predicate: string;
  readonly key: readonly string[];
}

export function addAttest(program: Command, run: Run): void {
  program
    .command('attest')
    .summary('sign a statement about an image: provenance, SBOM, VEX, or any other')
    .description(
      'Signs what a file says of an image, and pushes it next to the image as cosign 3 does. The file is read before it is ' +
        'signed where its type is one that Wharfinger reads. What a tag means is asked once; give the digest. With ' +
        'several keys, each signs.',
    )
    .argument('<image>', 'host/repository@digest or host/repository:tag')
    .requiredOption('--type <type>', `${Object.keys(predicateNames).join(', ')}, or a URI`)
    .requiredOption('--predicate <file>', 'what is said, as JSON (custom: any text); - is standard input')
    .requiredOption('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExamples:\n  wharf attest localhost:5000/team/app@sha256:… --type cyclonedx --predicate sbom.json --key ci.key\n' +
        '  cosign verify-attestation --type cyclonedx --key ci.pub --insecure-ignore-tlog localhost:5000/team/app@sha256:…',
    )
    .action(run(attest));
}

async function attest(session: Session, options: Options, text: string): Promise<ExitCode> {
  const predicateType = typeOf(options.type);
  const predicate = await readPredicate(options, session);
  const keys = await readSigningKeys(options.key, session);
  return withRemoteImage(text, session, async ({ registry, repository, name, subject }) => {
    const mistake = mistakeInPredicate(predicateType, predicate, { digest: subject.digest, repository });
    if (mistake !== undefined) throw unusable(options, `it is no ${options.type}: ${mistake}`);
    const attestations: Array<{ keyId: string; attestation: Digest; payload: Digest }> = [];
    for (const { key } of keys) {
      const signed = signStatement(subject, { predicateType, predicate }, key, session.now());
      await pushArtifact(registry, repository, signed);
      attestations.push({
        keyId: key.id,
        attestation: signed.manifest.digest,
        payload: signed.payloadDigest,
      });
    }
    session.result({ image: name, predicateType, attestations }, () =>
      displayable(
        `Attested ${predicateType} of ${name}: ${attestations.map(({ attestation }) => shortDigest(attestation)).join(', ')}`,
      ),
    );
    return exitCodes.done;
  });
}

function typeOf(type: string): string {
  const known = Object.hasOwn(predicateNames, type) ? predicateNames[type] : undefined;
  const uri = known ?? (/^[a-z][a-z0-9+.-]*:\S+$/i.test(type) ? type : undefined);
  if (uri === undefined || uri === signaturePredicate) {
    throw new WharfingerError('USAGE', {
      what: `--type ${JSON.stringify(type)} is ${uri === undefined ? 'neither a known name nor a URI' : 'a signature: see wharf sign'}`,
      remedy: `give one of ${Object.keys(predicateNames).join(', ')}, or a URI`,
    });
  }
  return uri;
}

async function readPredicate(options: Options, session: Session): Promise<object> {
  const { predicate: file, type } = options;
  const bytes = file === '-' ? Buffer.from(await readStandardInput()) : await readFile(file);
  // base64 makes it a third longer
  const most = Math.floor((defaultEvidenceLimits.bytes * 3) / 4) - 4096;
  if (bytes.length > most) throw unusable(options, `it has ${bytes.length} bytes, more than ${most}`);
  if (type === 'custom') return customPredicate(bytes.toString('utf8'), session.now());
  const value = parseStrictJson(bytes, (what) => {
    throw unusable(options, what);
  });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unusable(options, 'it is not a JSON object');
  return value;
}

function unusable({ predicate }: Options, what: string): WharfingerError {
  return new WharfingerError('USAGE', {
    what: `${predicate} cannot be attested: ${what}`,
    remedy: 'give a document of the type that --type says',
  });
}

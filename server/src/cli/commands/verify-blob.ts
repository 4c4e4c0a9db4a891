import { createReadStream } from 'node:fs';
import { access, constants, open } from 'node:fs/promises';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import type { TextMatch } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { refusalReason } from '@wharfinger/lib/signing/refusal';
import { parseSigstoreRoot } from '@wharfinger/lib/signing/sigstore/root';
import {
  verifyBlob,
  type Artifact,
  type BlobTrust,
  type VerifiedBlob,
} from '@wharfinger/lib/signing/sigstore/verify-blob';
import { displayable, type Style } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Run, Session } from '../session.ts';

/** Larger than any bundle or root. */
const largestDocument = 32 * 1024 * 1024;

interface Options {
  readonly bundle: string;
  readonly trustedRoot?: string;
  readonly key?: string;
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly certificateOidcIssuerRegexp?: string;
}

export function addVerifyBlob(program: Command, run: Run): void {
  program
    .command('verify-blob')
    .summary('verify the Sigstore bundle of a file, without a network')
    .description(
      'Verifies that a file was signed by whom you name: with a key (--key), or without one, by an identity that a ' +
        'certificate names (--certificate-identity and --certificate-oidc-issuer, with --trusted-root). The bundle holds the ' +
        'signature of the file, or an attestation about it. Nothing is fetched; the file may be of any size.',
    )
    .argument('<file>', 'the file, or its digest: sha256:…')
    .requiredOption('--bundle <file>', 'the Sigstore bundle')
    .option('--key <file>', 'public key in PEM that signed')
    .option(
      '--trusted-root <file>',
      'trusted_root.json of the Sigstore instance; with --key, one of its logs must have the signature',
    )
    .option('--certificate-identity <text>', 'who signed: e-mail address or URI in the certificate')
    .option('--certificate-identity-regexp <pattern>', 'the same as an RE2 pattern that matches all of it')
    .option('--certificate-oidc-issuer <url>', 'who vouches for the identity')
    .option('--certificate-oidc-issuer-regexp <pattern>', 'the same as an RE2 pattern that matches all of it')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf verify-blob app.tar.gz --bundle app.tar.gz.sigstore.json --key cosign.pub\n' +
        '  wharf verify-blob app.tar.gz --bundle app.tar.gz.sigstore.json --trusted-root trusted_root.json \\\n' +
        '    --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com',
    )
    .action(run(verify));
}

async function verify(session: Session, options: Options, file: string): Promise<ExitCode> {
  const trust = await trustOf(options);
  const bundle = await readSmall(options.bundle);
  try {
    const verified = await verifyBlob(bundle, await artifactOf(file), trust, session.now());
    session.result({ file, verified: true, ...verified }, () => verifiedText(file, verified, session.style));
    return exitCodes.done;
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    session.result({ file, verified: false, reason }, () =>
      [session.style.red('not verified'), displayable(`${file}: ${reason}`)].join('  '),
    );
    return exitCodes.refused;
  }
}

/** @throws WharfingerError USAGE where it is not clear whose signature counts */
async function trustOf(options: Options): Promise<BlobTrust> {
  const { key, trustedRoot } = options;
  const subject = matchOf(options.certificateIdentity, options.certificateIdentityRegexp, 'identity');
  const issuer = matchOf(options.certificateOidcIssuer, options.certificateOidcIssuerRegexp, 'oidc-issuer');
  const root =
    trustedRoot === undefined ? undefined : parseSigstoreRoot((await readSmall(trustedRoot)).toString());
  if (key !== undefined) {
    if (subject !== undefined || issuer !== undefined) {
      throw usage('--key and --certificate-identity exclude each other: say whose signature counts');
    }
    const trusted = parsePublicKey({ name: key, pem: (await readSmall(key)).toString() });
    return root === undefined ? { key: trusted } : { key: trusted, root };
  }
  if (subject === undefined) throw usage('say whose signature counts: --key or --certificate-identity');
  if (issuer === undefined) throw usage('say who vouches for the identity: --certificate-oidc-issuer');
  if (root === undefined) throw usage('say which authorities count: --trusted-root');
  return { subject, issuer, root };
}

function matchOf(
  exact: string | undefined,
  pattern: string | undefined,
  name: string,
): TextMatch | undefined {
  if (exact !== undefined && pattern !== undefined) {
    throw usage(`--certificate-${name} and --certificate-${name}-regexp exclude each other`);
  }
  if (exact === '' || pattern === '') throw usage(`--certificate-${name} is empty`);
  if (exact !== undefined) return { exact };
  return pattern === undefined ? undefined : { pattern };
}

async function artifactOf(file: string): Promise<Artifact> {
  if (isDigest(file)) return { digest: file };
  // What is wrong with the file is to be told as such, before anything is verified. A pipe can be opened but once.
  await access(file, constants.R_OK);
  return { read: () => createReadStream(file) };
}

async function readSmall(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > largestDocument) {
      throw new WharfingerError('INPUT_TOO_LARGE', { what: `${path} has ${size} bytes` });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function usage(what: string): WharfingerError {
  return new WharfingerError('USAGE', { what });
}

function verifiedText(file: string, verified: VerifiedBlob, style: Style): string {
  const { identity, signedAt, predicateType, keyId } = verified;
  const rows = [
    identity === undefined ? `the key ${keyId}` : `${identity.subject}, for whom ${identity.issuer} vouches`,
    ...(signedAt === undefined ? [] : [`at ${signedAt}`]),
    ...(predicateType === undefined ? [] : [`an attestation of type ${predicateType}`]),
  ];
  return [
    `${style.green('verified')}  ${displayable(file)}`,
    ...rows.map((row) => `  ${displayable(row)}`),
  ].join('\n');
}

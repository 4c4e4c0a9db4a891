import { WharfingerError } from '../../errors.ts';
import type { EnvelopeBundle } from '../bundle.ts';
import type { TrustedIdentity, TrustSet } from '../evidence.ts';
import { refusalReason, refuse } from '../refusal.ts';
import type { AnnotatedSignature, SigstoreVerifier } from '../sigstore-verifier.ts';
import type { FoundSigner, VerifyContext } from '../verify-context.ts';
import { annotatedCertificate, annotatedProof } from './annotations.ts';
import { parseBundle } from './bundle-reader.ts';
import { envelopeContent, hashBytes, messageContent, type SignatureContent } from './content.ts';
import { textMatcher, type TextMatcher } from './identity-match.ts';
import { parseSigstoreRoot, type SigstoreRoot } from './root.ts';
import { timesSeen, verifyKeyless, type KeylessSigner, type LoggedSignature } from './verify-keyless.ts';

/** What it takes to verify a certificate and one log entry, in attempts to verify a signature. */
const costOfEntry = 8;

/** Certificates, logs and timestamps by the trusted roots of the trust set, identities by its signers. */
export const sigstoreVerifier: SigstoreVerifier = {
  async bundleSigner(bundle, context) {
    const { signer } = parseBundle(bundle.bytes, { chains: true });
    if (signer.kind !== 'certificate') return refuse('it names no certificate');
    return signerOf(signer.leaf, bundleSignature(bundle), context);
  },
  async annotatedSigner(signature, context) {
    return signerOf(annotatedCertificate(signature.annotations), annotatedSignature(signature), context);
  },
  async bundleTime(bundle, keyId, context) {
    return timeOf(() => bundleSignature(bundle), keyId, context);
  },
  async annotatedTime(signature, keyId, context) {
    return timeOf(() => annotatedSignature(signature), keyId, context);
  },
};

function bundleSignature({ bytes, envelope }: EnvelopeBundle): LoggedSignature {
  const { logEntries, timestamps } = parseBundle(bytes, { chains: true });
  return { content: envelopeContent(envelope), logEntries, timestamps };
}

function annotatedSignature(found: AnnotatedSignature): LoggedSignature {
  return { content: annotatedContent(found), ...annotatedProof(found.annotations) };
}

function annotatedContent({ signed, signature, envelope }: AnnotatedSignature): SignatureContent {
  if (envelope !== undefined) return envelopeContent(envelope);
  return messageContent(Buffer.from(signature), hashBytes(signed));
}

/** Who signed, by the roots that the policy's identities name. All that match are named: `admitSigner` chooses. */
function signerOf(leaf: Buffer, signature: LoggedSignature, context: VerifyContext): FoundSigner {
  const policy = policyOf(context.trust);
  if (policy.size === 0) return refuse('it is signed without a key, and the policy names no identities');
  let refusal: unknown;
  let stranger: KeylessSigner | undefined;
  for (const { root, identities } of policy.values()) {
    spend(signature, context);
    let signer: KeylessSigner;
    try {
      signer = verifyKeyless(leaf, signature, root, context.now);
    } catch (error) {
      if (refusalReason(error) === undefined) throw error;
      refusal ??= error;
      continue;
    }
    const records = identities.flatMap(({ record, isIssuer, isSubject }) =>
      isIssuer(signer.issuer) && isSubject(signer.subject) ? [record] : [],
    );
    const { issuer, subject, keyId, vouchedBy, signedAt } = signer;
    if (records.length > 0) {
      return { records, keyId, vouchedBy, signedAt: new Date(signedAt), identity: { issuer, subject } };
    }
    stranger = signer;
  }
  if (stranger === undefined) throw refusal;
  const [subject, issuer] = [stranger.subject, stranger.issuer].map((text) =>
    JSON.stringify(text.slice(0, 300)),
  );
  return refuse(`it is signed by ${subject}, for whom ${issuer} vouches, and that identity is not trusted`);
}

function timeOf(read: () => LoggedSignature, keyId: string, context: VerifyContext): Date | undefined {
  const key = context.keys.find(({ id }) => id === keyId)?.key;
  if (key === undefined) return undefined;
  let signature: LoggedSignature;
  try {
    signature = read();
  } catch (error) {
    if (refusalReason(error) === undefined) throw error;
    return undefined;
  }
  if (signature.logEntries.length + signature.timestamps.length === 0) return undefined;
  const times = [...rootsOf(context.trust).values()].flatMap((root) => {
    spend(signature, context);
    return timesSeen(key, signature, root, context.now);
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

function spend({ logEntries, timestamps }: LoggedSignature, context: VerifyContext): void {
  context.spendChecks(costOfEntry * (1 + logEntries.length + timestamps.length));
}

/**
 * Finds out whether a policy that names this identity can be verified by.
 * @throws WharfingerError TRUSTED_ROOT_INVALID: its root is not there or cannot be read; INPUT_INVALID: its pattern is none
 */
export function checkTrustedIdentity(
  record: TrustedIdentity,
  sigstoreRoots: TrustSet['sigstoreRoots'],
): void {
  ready(record);
  const { root } = record.keyless;
  const text = Object.hasOwn(sigstoreRoots, root) ? sigstoreRoots[root] : undefined;
  if (text === undefined) missingRoot(root);
  parseSigstoreRoot(text);
}

interface RootPolicy {
  readonly root: SigstoreRoot;
  readonly identities: ReadonlyArray<{
    readonly record: TrustedIdentity;
    readonly isIssuer: TextMatcher;
    readonly isSubject: TextMatcher;
  }>;
}

const roots = new WeakMap<TrustSet, ReadonlyMap<string, SigstoreRoot>>();
const policies = new WeakMap<TrustSet, ReadonlyMap<string, RootPolicy>>();

/** Parsed once for a trust set, which verifies many documents. */
function rootsOf(trust: TrustSet): ReadonlyMap<string, SigstoreRoot> {
  let found = roots.get(trust);
  if (found === undefined) {
    found = new Map(
      Object.entries(trust.sigstoreRoots).map(([name, text]) => [name, parseSigstoreRoot(text)]),
    );
    roots.set(trust, found);
  }
  return found;
}

/** By name of root, the identities that are trusted if it vouches for them. */
function policyOf(trust: TrustSet): ReadonlyMap<string, RootPolicy> {
  let found = policies.get(trust);
  if (found === undefined) {
    const records = trust.signers.filter((signer) => 'keyless' in signer);
    const byRoot = Map.groupBy(records, ({ keyless }) => keyless.root);
    found = new Map(
      [...byRoot].map(([name, same]) => [
        name,
        { root: rootNamed(name, trust), identities: same.map(ready) },
      ]),
    );
    policies.set(trust, found);
  }
  return found;
}

function rootNamed(name: string, trust: TrustSet): SigstoreRoot {
  const root = rootsOf(trust).get(name);
  if (root !== undefined) return root;
  return missingRoot(name);
}

function missingRoot(name: string): never {
  throw new WharfingerError('TRUSTED_ROOT_INVALID', {
    what: `there is no Sigstore root ${JSON.stringify(name)}, by which an identity is trusted`,
  });
}

function ready(record: TrustedIdentity): RootPolicy['identities'][number] {
  const { issuer, subject } = record.keyless;
  return { record, isIssuer: textMatcher(issuer), isSubject: textMatcher(subject) };
}

import { WharfingerError } from '../errors.ts';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { Facts } from '../routines/facts.ts';
import type { Purpose, Verdict } from '../routines/verdict.ts';
import { envelopeSigner, parseEnvelope, signEnvelope } from '../signing/dsse.ts';
import { parsePublicKey } from '../signing/keys.ts';
import type { SigningKey } from '../signing/private-keys.ts';
import {
  parseStatement,
  statementPayloadType,
  statementType,
  subjectDigest,
  type Statement,
} from '../signing/statement.ts';
import { judgeFacts, type KnownFacts } from './judge-facts.ts';
import type { Judgement } from './judgement-document.ts';
import type { RegistryKey } from './judgement-seal.ts';
import { canonical, digestOfJudgement } from './judgement.ts';
import { rulesFor } from './rules-for.ts';

/** What a verdict is made of. Everybody who has it comes to the same receipt. */
export interface ReceiptInput {
  readonly known: KnownFacts;
  readonly judgement: Judgement;
  /** `generation.ts` of all advisories that there were; absent: there were none to match */
  readonly generation?: Digest;
  readonly purpose: Purpose;
  readonly at: Date;
}

/** What an image was judged to be, by what, from what: the predicate of the statement. */
export interface ReceiptPredicate {
  /** logical identity of the registry whose judgement it is */
  readonly registry: string;
  readonly repository: string;
  readonly purpose: Purpose;
  /** RFC 3339 */
  readonly at: string;
  readonly verdict: Verdict;
  /** of its RFC 8785 form, whoever signed it */
  readonly judgement: { readonly digest: Digest; readonly version: number };
  /** a digest of content, equal wherever the same advisories are; null: there were none to match */
  readonly advisories: Digest | null;
  readonly evidence: ReceiptEvidence;
}

/** What the verdict rests on, by digests. */
export interface ReceiptEvidence {
  readonly manifest: Digest;
  readonly layers: readonly string[];
  /** of the RFC 8785 form of all facts */
  readonly facts: Digest;
  /** manifests that carry the signatures and attestations that were looked at, in order */
  readonly carriers: readonly string[];
  /** manifests of the images that it was built on, from its base on, as its chain of custody says */
  readonly ancestors: readonly string[];
}

/** A verdict with the statement that tells of it. */
export interface Receipt {
  readonly verdict: Verdict;
  readonly predicate: ReceiptPredicate;
  /** the in-toto statement in the form of RFC 8785: equal byte for byte for equal input */
  readonly statement: string;
}

/**
 * Judges, and writes down what of. Pure: the receipt of a registry, of a library elsewhere and of whoever recomputes it in a
 * year are the same bytes; signatures come on top and differ.
 */
export function makeReceipt({ known, judgement, generation, purpose, at }: ReceiptInput): Receipt {
  const { facts } = known;
  const { repository } = facts.image;
  const verdict = judgeFacts(known, rulesFor(judgement, repository, purpose, at), purpose, at);
  const manifest = facts.image.digest as Digest;
  const predicate: ReceiptPredicate = {
    registry: judgement.registry,
    repository,
    purpose,
    at: at.toISOString(),
    verdict,
    judgement: { digest: digestOfJudgement(judgement), version: judgement.version },
    advisories: generation ?? null,
    evidence: {
      manifest,
      layers: facts.image.layers.map((layer) => layer.digest),
      facts: digestOfFacts(facts),
      carriers: carriersOf(facts),
      ancestors: (facts.custody?.stages ?? [])
        .map((stage) => stage.manifest)
        .filter((digest) => digest !== manifest),
    },
  };
  const statement = canonical({
    _type: statementType,
    subject: [{ digest: subjectDigest(manifest) }],
    predicateType: predicateTypes.verdict,
    predicate,
  });
  return { verdict, predicate, statement };
}

/** What all facts of an image are known by. */
function digestOfFacts(facts: Facts): Digest {
  return digestOf(Buffer.from(canonical(facts)));
}

function carriersOf({ signatures, attestations }: Facts): string[] {
  const seen = [signatures?.valid, signatures?.refused, attestations?.valid, attestations?.refused];
  return [...new Set(seen.flatMap((list) => (list ?? []).map(({ evidence }) => evidence)))].sort();
}

/** A receipt, signed by a registry: a DSSE envelope as JSON text. */
export function signReceipt(statement: string, key: SigningKey): string {
  return canonical(signEnvelope(statementPayloadType, Buffer.from(statement), key.algorithm, key.key));
}

/** Larger receipts are not read. */
const longestReceipt = 8 * 1024 * 1024;

/** A receipt whose signature verifies. */
export interface OpenedReceipt {
  /** as it was signed, byte for byte */
  readonly statement: string;
  readonly predicate: ReceiptPredicate;
  /** id of the key that signed it */
  readonly keyId: string;
}

/**
 * Opens a signed receipt. What it says is what the registry signed; whether that follows from what it names is for
 * `makeReceipt` to show.
 *
 * @throws WharfingerError RECEIPT_INVALID
 */
export function openReceipt(bytes: Uint8Array, registryKeys: readonly RegistryKey[]): OpenedReceipt {
  const refuse = (what: string): never => {
    throw new WharfingerError('RECEIPT_INVALID', { what });
  };
  if (bytes.length > longestReceipt) refuse(`it is larger than ${longestReceipt} bytes`);
  const value = parseStrictJson(bytes, refuse);
  const envelope = orRefuse(() => parseEnvelope(value), refuse);
  const keys = registryKeys.map((key) => parsePublicKey(key));
  const signer = envelopeSigner(envelope, keys) ?? refuse('none of the trusted keys of registries signed it');
  const statement = envelope.payload.toString('utf8');
  const said = orRefuse(() => parseStatement(envelope.payloadType, envelope.payload), refuse);
  return { statement, predicate: readPredicate(said, refuse), keyId: signer.id };
}

/**
 * The parts of the statement that name what it rests on; the whole is compared byte for byte by who recomputes it. What it
 * says twice, it must say alike.
 */
function readPredicate(said: Statement, refuse: (what: string) => never): ReceiptPredicate {
  if (said.predicateType !== predicateTypes.verdict) refuse('its statement is not about a verdict');
  const predicate = recordOf(said.predicate);
  const { at, purpose, repository, registry, advisories } = predicate;
  const [judgement, evidence] = [recordOf(predicate['judgement']), recordOf(predicate['evidence'])];
  const verdict = recordOf(predicate['verdict']);
  const named = [at, purpose, repository, registry].every((one) => typeof one === 'string');
  const whole =
    isDigest(judgement['digest']) &&
    Number.isSafeInteger(judgement['version']) &&
    typeof evidence['facts'] === 'string' &&
    (advisories === null || typeof advisories === 'string') &&
    typeof verdict['outcome'] === 'string';
  if (!named || !whole) refuse('its statement lacks what a verdict rests on');
  if (Number.isNaN(Date.parse(at as string))) refuse('its time is none');
  const alike =
    evidence['manifest'] === said.subject &&
    verdict['digest'] === said.subject &&
    verdict['repository'] === repository &&
    verdict['purpose'] === purpose &&
    verdict['at'] === at;
  if (!alike) refuse('its verdict is about another image, repository, purpose or time than its statement');
  return predicate as unknown as ReceiptPredicate;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function orRefuse<T>(read: () => T, refuse: (what: string) => never): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WharfingerError) return refuse(error.message);
    throw error;
  }
}

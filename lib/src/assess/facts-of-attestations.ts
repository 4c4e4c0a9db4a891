import { readApproval } from '../custody/statements/approval.ts';
import { scopeMismatch } from '../custody/statements/scope.ts';
import type { Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type {
  ApprovalFact,
  AttestationFacts,
  ProvenanceFact,
  SignerFact,
} from '../routines/facts/evidence.ts';
import type { EvidenceReport, SignerPurpose, VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason, refuse } from '../signing/refusal.ts';
import { sbomPredicateTypes } from '../signing/predicate-names.ts';
import { isOnlyKnown } from '../signing/trusted-signers.ts';
import { signerFact } from './facts-of-signatures.ts';
import { readCsafVex } from './predicates/csaf-vex.ts';
import { readCycloneDxVex } from './predicates/cyclonedx-vex.ts';
import { readOpenVex } from './predicates/openvex.ts';
import { readProbe, type ReadProbe, type StatedProbe } from './predicates/probe.ts';
import { readProvenance02, readProvenance1 } from './predicates/provenance.ts';
import { cycloneDxOf, readCycloneDxSbom, readSpdx, type SbomSummary } from './predicates/sbom.ts';
import { aboutImage, type VexStatement } from './predicates/vex.ts';

/** An image as statements may speak of it. */
export interface AttestedImage {
  readonly digest: Digest;
  readonly repository: string;
  /** logical identity of the registry that judges; absent: outside of one, where no approval is in force */
  readonly registry?: string;
  /** os/architecture[/variant]; absent: it is not known, and no approval is in force */
  readonly platform?: string;
}

/** Attestations as facts, and until when they are so. */
export interface KnownAttestations {
  readonly facts: AttestationFacts;
  /** what VEX statements say, with their times */
  readonly vex: ReadonlyArray<SignerFact & VexStatement>;
  /** what probes found, whichever they were */
  readonly probes: readonly StatedProbe[];
  /** RFC 3339: an approval begins or ends then; absent: time alone changes nothing here */
  readonly validUntil?: string;
}

/** What a statement says that facts know of. */
interface Said {
  readonly provenance?: ProvenanceFact;
  readonly sbom?: SbomSummary;
  readonly vex?: readonly VexStatement[];
  readonly approval?: ApprovalFact;
  readonly probe?: ReadProbe;
}

type Reader = (predicate: unknown, about: { readonly image: AttestedImage }) => Said;

interface Reading {
  readonly image: AttestedImage;
  readonly now: Date;
  readonly statement: VerifiedStatement;
  readonly changesAt: (time: string) => void;
}

/** How predicates are read, by their type; those of other types are facts by their type alone. */
const readers: ReadonlyArray<readonly [type: RegExp, read: Reader]> = [
  [/^https:\/\/slsa\.dev\/provenance\/v0\.2$/, (it) => ({ provenance: readProvenance02(it) })],
  [/^https:\/\/slsa\.dev\/provenance\/v1$/, (it) => ({ provenance: readProvenance1(it) })],
  [/^https:\/\/spdx\.dev\/Document(?:\/v2\.\d)?$/, (it) => ({ sbom: readSpdx(it) })],
  [/^https:\/\/cyclonedx\.org\/(?:bom|vex)(?:\/v1\.\d)?$/, readCycloneDx],
  [/^https:\/\/wharfinger\.dev\/attestation\/probe\/v1$/, (it) => ({ probe: readProbe(it) })],
  [
    /^https:\/\/openvex\.dev\/ns(?:\/v0\.\d\.\d)?$/,
    (it, { image }) => ({ vex: aboutImage(readOpenVex(it).statements, image) }),
  ],
  [
    /^https:\/\/docs\.oasis-open\.org\/csaf\/csaf\/v2\.(?:0\/csaf_json_schema|1\/schema\/csaf)\.json$/,
    (it, { image }) => ({ vex: aboutImage(readCsafVex(it).statements, image) }),
  ],
];

/** For what a signer must be trusted to make a statement; for any other type, to attest. */
const purposes: ReadonlyMap<string, SignerPurpose> = new Map([
  [predicateTypes.layerLink, 'stamp'],
  [predicateTypes.approval, 'stamp'],
  [predicateTypes.assembly, 'stamp'],
  [predicateTypes.verificationSummary, 'intake'],
  [predicateTypes.channel, 'release'],
  [predicateTypes.probe, 'probe'],
]);

/**
 * Turns verified statements about an image into facts. What somebody says who is not trusted for it, and what cannot be
 * read or is not in force, is refused with its reason. The registry's own summaries and SBOMs are passed over. Pure.
 */
export function attestationFacts(
  { statements, refusedStatements }: Pick<EvidenceReport, 'statements' | 'refusedStatements'>,
  image: AttestedImage,
  now: Date,
): KnownAttestations {
  const refused = refusedStatements.map(({ evidence, reason }) => ({ evidence, reason }));
  const said: Array<{ signer: SignerFact; predicateType: string; says: Said }> = [];
  const changes: string[] = [];
  const changesAt = (time: string): void => {
    if (Date.parse(time) > now.getTime()) changes.push(time);
  };
  for (const statement of statements) {
    const { signer, predicateType, evidence } = statement;
    if (isOnlyKnown(signer) && isSaidAnyway(predicateType)) continue;
    try {
      const says = read(statement, { image, now, statement, changesAt });
      said.push({ signer: signerFact({ ...signer, evidence }), predicateType, says });
    } catch (error) {
      const reason = refusalReason(error);
      if (reason === undefined) throw error;
      refused.push({ evidence, reason: `${nameOf(predicateType)} by ${signer.key}: ${reason}` });
    }
  }
  const vex = said.flatMap(({ signer, says }) => (says.vex ?? []).map((one) => ({ ...signer, ...one })));
  changes.sort((a, b) => Date.parse(a) - Date.parse(b));
  return {
    facts: {
      valid: said.map(({ signer, predicateType }) => ({ ...signer, predicateType })),
      refused,
      provenance: said.flatMap(({ signer, says }) =>
        says.provenance ? [{ ...signer, ...says.provenance }] : [],
      ),
      sboms: said.flatMap(({ signer, says }) => (says.sbom ? [{ ...signer, ...says.sbom }] : [])),
      vex: vex.map(withoutTime),
      approvals: said.flatMap(({ signer, says }) => (says.approval ? [{ ...signer, ...says.approval }] : [])),
    },
    vex,
    probes: said.flatMap(({ signer, says }) =>
      says.probe ? [{ ...says.probe, by: signer.key, evidence: signer.evidence }] : [],
    ),
    ...(changes[0] === undefined ? {} : { validUntil: changes[0] }),
  };
}

/**
 * Why nobody could read such a predicate here, to be told before it is signed; undefined: it can be read, or is of a type of
 * which only the type counts.
 */
export function mistakeInPredicate(
  predicateType: string,
  predicate: unknown,
  image: AttestedImage,
): string | undefined {
  try {
    if (predicateType === predicateTypes.approval) readApproval(predicate);
    else readerOf(predicateType)?.(predicate, { image });
    return undefined;
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/** The registry's own word on a chain that is walked here, and on packages that are found here: it decides nothing. */
function isSaidAnyway(predicateType: string): boolean {
  return (
    predicateType === predicateTypes.verificationSummary ||
    Object.values<string>(sbomPredicateTypes).includes(predicateType)
  );
}

function read(statement: VerifiedStatement, reading: Reading): Said {
  const { signer, predicateType, predicate } = statement;
  const purpose = purposes.get(predicateType) ?? 'attest';
  if (!signer.purposes.includes(purpose))
    refuse(
      `it takes somebody trusted for ${purpose}, and ${signer.key} is for ${signer.purposes.join(', ') || 'nothing'}`,
    );
  if (predicateType === predicateTypes.approval) return readApprovalInForce(predicate, reading);
  return readerOf(predicateType)?.(predicate, reading) ?? {};
}

function readerOf(predicateType: string): Reader | undefined {
  return readers.find(([type]) => type.test(predicateType))?.[1];
}

function readCycloneDx(predicate: unknown, { image }: Parameters<Reader>[1]): Said {
  const document = cycloneDxOf(predicate);
  const sbom = readCycloneDxSbom(document);
  const { statements } = readCycloneDxVex(document);
  if (statements.some(({ products = [] }) => products.some(({ versions }) => versions !== undefined)))
    refuse('it speaks of ranges of versions, which are not read in what is attested for one image');
  return { ...(sbom && { sbom }), vex: aboutImage(statements, image) };
}

/** An approval counts in one repository of one registry, for one platform, for its time, and for who signed it. */
function readApprovalInForce(predicate: unknown, { image, now, statement, changesAt }: Reading): Said {
  const { scope, stage, role, approver, ticket, notBefore, notAfter } = readApproval(predicate);
  const { registry, repository, platform } = image;
  if (registry === undefined) return refuse('it counts in a registry, and none is judging here');
  // an index has no platform of its own; what is approved are its images
  if (platform === undefined) return refuse('the platform of the image is not known');
  const mismatch = scopeMismatch(scope, { registry, repository, platform });
  if (mismatch !== undefined) refuse(mismatch);
  const { principal } = statement.signer;
  if (approver !== principal) refuse(`${approver} approves by it, but it is signed by ${principal}`);
  changesAt(notBefore);
  changesAt(notAfter);
  if (now.getTime() < Date.parse(notBefore)) refuse(`it is in force from ${notBefore} on`);
  if (now.getTime() >= Date.parse(notAfter)) refuse(`it was in force until ${notAfter}`);
  return { approval: { stage, role, ...(ticket === undefined ? {} : { ticket }), notAfter } };
}

function withoutTime({ at: _at, ...fact }: SignerFact & VexStatement): AttestationFacts['vex'][number] {
  return fact;
}

function nameOf(predicateType: string): string {
  return predicateType.slice(0, 200);
}

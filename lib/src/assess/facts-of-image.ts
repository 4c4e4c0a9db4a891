import { parseImageConfig, type ImageConfig } from '../inspect/config.ts';
import type { ImageInventory } from '../inspect/inventory.ts';
import { classifySubject } from '../inspect/subject.ts';
import { formatPlatform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ConfigFacts, Facts, ImageFacts, RepositoryFacts, SubjectKind } from '../routines/facts.ts';
import type { ScannerFact } from '../routines/facts/checks.ts';
import type { InventoryFacts } from '../routines/facts/contents.ts';
import type { CustodyFacts } from '../routines/facts/evidence.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
import { contentFacts } from './facts-of-contents.ts';
import { licenceFacts } from './facts-of-licences.ts';
import { signatureFacts, type CheckedSignatures } from './facts-of-signatures.ts';
import { findingFacts, type MatchedPackages } from './findings-of-image.ts';
import type { ImportedVex } from './imported-vex.ts';
import { withVex } from './findings-with-vex.ts';
import type { ImageEvidence } from './look-up-evidence.ts';

/** What is known of an image. What is not known is left out: an empty list says that there is nothing. */
export interface KnownOfImage {
  readonly repository: string;
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** bytes of the manifest itself */
  readonly size: number;
  /** parts that are not in the repository */
  readonly missing: readonly Digest[];
  /** bytes of the config; left out for an index, and where it is missing or too large */
  readonly config?: Uint8Array;
  /** left out: not inspected yet */
  readonly inventory?: ImageInventory;
  /** what was found when its packages were compared with the advisories; left out: not matched yet */
  readonly matched?: MatchedPackages;
  /** signatures alone; left out: not looked up yet, or part of `evidence` */
  readonly signatures?: CheckedSignatures;
  /** all evidence; left out: not looked up yet */
  readonly evidence?: Pick<
    ImageEvidence,
    'report' | 'trustedKeys' | 'attested' | 'custody' | 'probes' | 'validUntil'
  >;
  /** what the scanners say that are bound to the repository, by name; left out: none is, or nobody can tell */
  readonly scanners?: Readonly<Record<string, ScannerFact>>;
  /** what the registry says of the repository; left out: nothing */
  readonly registered?: RepositoryFacts;
  /** VEX documents that were brought in; left out: there are none */
  readonly vex?: readonly ImportedVex[];
  /** who holds it by hand; left out: nobody */
  readonly held?: { readonly by: string; readonly at: Date; readonly reason: string };
}

/** Turns what is known of an image into the facts that routines judge. Pure; findings come in their canonical order. */
export function factsOfImage(known: KnownOfImage): Facts {
  return factsAndTime(known).facts;
}

/** The same, and when time alone may change them next (RFC 3339; absent: it does not). */
export function factsAndTime(known: KnownOfImage): { readonly facts: Facts; readonly validUntil?: string } {
  const { inventory, matched, evidence, scanners, registered, held } = known;
  const findings = inventory && matched && findingFacts(inventory.packages, matched.matches, matched.threats);
  const facts: Facts = {
    image: imageFacts(known),
    ...(inventory && { inventory: inventoryFacts(inventory) }),
    ...(findings && {
      findings: withTeams(
        withVex(findings, evidence?.attested.vex ?? [], known.vex, {
          image: known,
          ...(registered && { repository: registered }),
        }),
        evidence?.custody,
      ),
    }),
    ...(inventory && matched && { advisories: { uncovered: matched.uncovered, ages: matched.ages ?? [] } }),
    ...(evidence
      ? evidenceFacts(evidence)
      : known.signatures && { signatures: signatureFacts(known.signatures) }),
    ...(scanners && { scanners }),
    ...(registered && { repository: registered }),
    ...heldFacts(held),
  };
  const validUntil = evidence?.validUntil;
  return { facts, ...(validUntil === undefined ? {} : { validUntil }) };
}

/**
 * The facts of an image of which everything is known still, but for what is given here: what advisories say, the evidence as it
 * was found last, and what the registry says. Equal to what `factsAndTime` would make of the whole.
 *
 * @param before facts of the same image, the inventory left out or not
 */
export function factsAgain(
  before: Pick<Facts, 'image' | 'inventory'>,
  {
    findings,
    advisories,
    evidence,
    scanners,
    registered,
    vex,
    held,
  }: {
    readonly findings?: readonly FindingFact[];
    readonly advisories?: Facts['advisories'];
    readonly evidence: NonNullable<KnownOfImage['evidence']>;
    readonly scanners?: Facts['scanners'];
    readonly registered: RepositoryFacts;
    readonly vex: readonly ImportedVex[];
    readonly held?: KnownOfImage['held'];
  },
): { readonly facts: Facts; readonly validUntil?: string } {
  const { image, inventory } = before;
  const facts: Facts = {
    image,
    ...(inventory && { inventory }),
    ...(findings && {
      findings: withTeams(
        withVex(findings, evidence.attested.vex, vex, { image, repository: registered }),
        evidence.custody,
      ),
    }),
    ...(advisories && { advisories }),
    ...evidenceFacts(evidence),
    ...(scanners && { scanners }),
    repository: registered,
    ...heldFacts(held),
  };
  const { validUntil } = evidence;
  return { facts, ...(validUntil === undefined ? {} : { validUntil }) };
}

/** What the evidence that was looked up says. */
function evidenceFacts(evidence: NonNullable<KnownOfImage['evidence']>): Omit<Facts, 'image'> {
  return {
    signatures: signatureFacts(evidence),
    attestations: evidence.attested.facts,
    ...(evidence.custody && { custody: evidence.custody }),
    ...(evidence.probes && { probes: evidence.probes }),
  };
}

function heldFacts(held: KnownOfImage['held']): Pick<Facts, 'held'> {
  return held ? { held: { by: held.by, at: held.at.toISOString(), reason: held.reason } } : {};
}

/** Findings with the team that answers for their layer. */
function withTeams(
  findings: readonly FindingFact[],
  custody: CustodyFacts | undefined,
): readonly FindingFact[] {
  const teams = new Map(custody?.layers.map(({ index, team }) => [index, team]));
  return findings.map((finding) => {
    const team = teams.get(finding.layer);
    return team === undefined ? finding : { ...finding, team };
  });
}

const base = 'org.opencontainers.image.base';

function imageFacts(known: KnownOfImage): ImageFacts {
  const { repository, digest, manifest, missing } = known;
  const kind = kindOf(known);
  // other kinds have a config that engines do not read: a user in it would mean nothing
  const config = kind === 'image' || kind === undefined ? readConfig(known.config) : undefined;
  const platform = config && formatPlatform(config);
  const hints = { ...config?.labels, ...manifest.annotations };
  const { [`${base}.name`]: name, [`${base}.digest`]: baseDigest } = hints;
  const parts = manifest.kind === 'index' ? [] : [manifest.config, ...manifest.layers];
  return {
    digest,
    repository,
    ...(kind && { kind }),
    mediaType: manifest.mediaType,
    size: parts.reduce((sum, part) => sum + part.size, known.size),
    missing,
    annotations: manifest.annotations,
    ...(config && { config: configFacts(config) }),
    base: { ...(name ? { name } : {}), ...(baseDigest ? { digest: baseDigest } : {}) },
    layers: layerFacts(manifest, config),
    ...(platform ? { platform } : {}),
  };
}

/** By the bytes of the layers. Undefined: what could be layers was not looked into. */
function kindOf({ manifest, config, inventory }: KnownOfImage): SubjectKind | undefined {
  if (manifest.kind === 'index' && classifySubject(manifest, config, new Map()) === 'index') return 'index';
  if (inventory === undefined) return undefined;
  return classifySubject(manifest, config, new Map(inventory.layers.map((layer) => [layer.digest, layer])));
}

/** A config that cannot be read is one that is not known: routines that need it are undecided. */
function readConfig(bytes: Uint8Array | undefined): ImageConfig | undefined {
  if (bytes === undefined) return undefined;
  try {
    return parseImageConfig(bytes);
  } catch {
    return undefined;
  }
}

function configFacts(config: ImageConfig): ConfigFacts {
  const { created, user, entrypoint, cmd, env, volumes, exposedPorts, labels } = config;
  return {
    ...(created === undefined ? {} : { created }),
    user,
    entrypoint,
    cmd,
    env,
    volumes,
    exposedPorts,
    labels,
  };
}

function layerFacts(manifest: Manifest, config: ImageConfig | undefined): ImageFacts['layers'] {
  if (manifest.kind === 'index') return [];
  const steps = config?.history.filter((step) => !step.emptyLayer) ?? [];
  const told = steps.length === manifest.layers.length;
  return manifest.layers.map(({ digest, size }, index) => {
    const createdBy = told ? steps[index]?.createdBy : undefined;
    return { digest, size, ...(createdBy === undefined ? {} : { createdBy }) };
  });
}

function inventoryFacts(inventory: ImageInventory): InventoryFacts {
  const { complete, distribution, packages, problems } = inventory;
  return {
    complete,
    ...(distribution && {
      distribution: {
        id: distribution.id,
        ...(distribution.version === undefined ? {} : { version: distribution.version }),
        ...(distribution.ecosystem === undefined ? {} : { ecosystem: distribution.ecosystem }),
      },
    }),
    packages: packages.map(({ type, name, version, purl, layer, licence, spdx }) => ({
      type,
      name,
      version,
      purl,
      layer,
      ...(licence === undefined ? {} : { licence }),
      ...(spdx === undefined ? {} : { spdx }),
    })),
    licences: licenceFacts(packages),
    problems: problems.map(({ code, message, path, layer, hides }) => ({
      code,
      message,
      ...(path === undefined ? {} : { path }),
      ...(layer === undefined ? {} : { layer }),
      hides,
    })),
    ...contentFacts(inventory),
  };
}

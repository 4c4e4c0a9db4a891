import type { BoundScanner, Judgement, RepositoryRule } from '@wharfinger/lib/assess/judgement-document';
import { canonical } from '@wharfinger/lib/assess/judgement';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import type { BoundProbe } from '@wharfinger/lib/probes/bound-probe';
import type { Collection } from '@wharfinger/lib/routines/routine';
import type { Revocation, TrustedSigner } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import type { LoadedConfig } from '../config/load.ts';

/** When a judgement was made, and which one it is. */
export type Edition = Pick<Judgement, 'version' | 'madeAt' | 'expires'>;

/** What the records of the database add to what the configuration says; a field that is left out adds nothing. */
export type JudgementRecords = Partial<
  Pick<
    Judgement,
    | 'trust'
    | 'sigstoreRoots'
    | 'trustStores'
    | 'certificateRevocations'
    | 'revocations'
    | 'custody'
    | 'bindings'
    | 'waivers'
    | 'vex'
    | 'grantRules'
    | 'grants'
    | 'holds'
    | 'collections'
  >
>;

/** A list that was never issued: nobody is revoked, as long as the judgement lasts that says so. */
const noRevocations = { issuedAt: '1970-01-01T00:00:00Z', expires: '9999-12-31T23:59:59Z' };

/**
 * Everything that decides here as one document: what the configuration says, then the records. A namespace stands for its own
 * name and all that lies below.
 *
 * @param builtIn the collection of the default bindings
 * @param registryKey what this registry signs with (PEM)
 */
export function judgementOf(
  config: LoadedConfig,
  records: JudgementRecords,
  builtIn: Collection,
  { version, madeAt, expires }: Edition,
  registryKey?: string,
): Judgement {
  const revocations = records.revocations ?? { version: 0, entries: [], ...noRevocations };
  return {
    format: 2,
    registry: config.registry.identity,
    ...(registryKey === undefined ? {} : { registryKey }),
    version,
    madeAt,
    expires,
    repositories: config.namespaces.flatMap(rulesOfNamespace),
    trust: [...config.trust, ...(records.trust ?? [])],
    sigstoreRoots: { ...config.sigstoreRoots, ...records.sigstoreRoots },
    trustStores: { ...config.trustStores, ...records.trustStores },
    certificateRevocations: [...config.certificateRevocations, ...(records.certificateRevocations ?? [])],
    revocations: revocations.version === 0 ? { ...revocations, ...noRevocations } : revocations,
    custody: [...config.custody, ...(records.custody ?? [])],
    ...(config.probes.run.length > 0 && { probes: config.probes.run.map(boundProbe) }),
    ...(config.scanners.run.length > 0 && { scanners: config.scanners.run.flatMap(boundScanners) }),
    bindings: records.bindings ?? [],
    waivers: records.waivers ?? [],
    ...(records.vex && records.vex.length > 0 && { vex: records.vex }),
    grantRules: [...config.grantRules, ...(records.grantRules ?? [])],
    grants: records.grants ?? [],
    holds: records.holds ?? [],
    collections: [builtIn, ...(records.collections ?? [])],
  };
}

function boundProbe({
  repositories,
  name,
  probe,
  signedBy,
}: LoadedConfig['probes']['run'][number]): BoundProbe {
  const at = probe.indexOf('@');
  return {
    pattern: repositories,
    name,
    repository: probe.slice(0, at),
    // its form was checked when the configuration was read
    digest: probe.slice(at + 1) as Digest,
    ...(signedBy === undefined ? {} : { signedBy }),
  };
}

function boundScanners({
  name,
  repositories,
}: LoadedConfig['scanners']['run'][number]): readonly BoundScanner[] {
  return repositories.map((pattern) => ({ pattern, name }));
}

function rulesOfNamespace(namespace: LoadedConfig['namespaces'][number]): RepositoryRule[] {
  const { name, department, stage, externalFacing, official, gate } = namespace;
  const patterns = name === '*' ? ['**'] : [name, `${name}/**`];
  return patterns.map((pattern) => ({
    pattern,
    namespace: name,
    ...(department === undefined ? {} : { department }),
    class: namespace.class,
    stage,
    externalFacing,
    gate,
    official,
  }));
}

/**
 * What verdicts rest on in a judgement, as a digest: not which edition it is, not when its lists were issued, and neither what
 * is held by hand nor which of its keys were revoked, nor what VEX was brought in, for these end the verdicts of their own images alone.
 */
export function basisOf(judgement: Judgement): Digest {
  const {
    version: _,
    madeAt: __,
    expires: ___,
    holds: ____,
    revocations: _____,
    vex: ______,
    collections,
    ...rest
  } = judgement;
  return digestOf(
    Buffer.from(
      canonical({
        ...rest,
        revocations: revokedOthers(judgement),
        collections: collections.map(({ digest }) => digest),
      }),
    ),
  );
}

/**
 * Revocations that no index leads from to the images that they touch: of what is none of the keys that count for images, such
 * as the key of a certificate authority, and of keys that approve grants. Everything has to be looked at again.
 */
export function revokedOthers({ revocations, trust, grantRules }: Judgement): readonly Revocation[] {
  if (revocations.entries.length === 0) return [];
  const signers = idsOf(trust.flatMap((rule) => rule.signers));
  const approvers = idsOf(grantRules.flatMap((rule) => rule.approvers));
  return revocations.entries.filter(({ keyId }) => !signers.has(keyId) || approvers.has(keyId));
}

function idsOf(signers: readonly TrustedSigner[]): ReadonlySet<string> {
  return new Set(signers.flatMap((one) => ('pem' in one ? [parsePublicKey(one).id] : [])));
}

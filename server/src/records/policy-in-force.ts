import { WharfingerError } from '@wharfinger/lib/errors';
import type { GrantRule } from '@wharfinger/lib/assess/judgement-document';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Collection } from '@wharfinger/lib/routines/routine';
import type { Revocation, TrustedSigner } from '@wharfinger/lib/signing/evidence';
import type { Policy } from '../access/policy.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { recordsInForce } from '../stores/policy-record-rows.ts';
import { policyVersion, raisePolicyVersion } from '../stores/policy-version.ts';
import { revocationsInForce } from '../stores/revocations.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { assemble, type AddedByRecords, type StoredPolicy } from './assemble.ts';

/** A policy, and the version that it was read as. */
export type VersionedPolicy = Policy & { readonly version: number };

/** Everybody whom a policy names, and who does not count any more. */
export interface NamedTrust {
  readonly signers: readonly TrustedSigner[];
  readonly grantRules: readonly GrantRule[];
  readonly revocations: readonly Revocation[];
}

/** The policy that this process decides by. */
export interface PolicyInForce {
  /** as it was last read */
  readonly current: () => VersionedPolicy;
  /** whom it names, configured or recorded */
  trust(): NamedTrust;
  /** as it is now: read again where it was changed since, here or by another process */
  readonly fresh: () => Promise<VersionedPolicy>;
  /**
   * Puts another configuration in force.
   * @throws WharfingerError CONFIG_INVALID where it does not fit the records; then the one before stays
   */
  configure(config: LoadedConfig): Promise<void>;
  /** Everything in which these records would not fit the configuration; empty: they may be put in force. */
  mistakesIn(stored: StoredPolicy): Promise<readonly string[]>;
}

export interface PolicyParts {
  readonly db: Db;
  readonly config: LoadedConfig;
  /** the collection whose routines bind by default */
  readonly builtIn: Collection;
  /** puts both to work, which fit together */
  readonly build: (config: LoadedConfig, records: AddedByRecords) => Policy;
  /** told whenever another policy is in force than before, after the fact */
  readonly onChange: (policy: Policy) => void;
}

/** Key of the setting that says which configuration was in force last. */
const configuredBy = 'configured-by';

/**
 * Reads what is kept of all that decides. The version is read first: what is newer than it is read again by whoever compares.
 */
export async function readStoredPolicy(db: Db): Promise<StoredPolicy> {
  const version = await policyVersion(db);
  const records = await recordsInForce(db);
  const revocations = await revocationsInForce(db);
  return { version, records, revocations };
}

/**
 * Puts configuration and records in force.
 * @throws WharfingerError CONFIG_INVALID where they do not fit together
 */
export async function openPolicy({
  db,
  config: first,
  builtIn,
  build,
  onChange,
}: PolicyParts): Promise<PolicyInForce> {
  let config = first;
  let policy: VersionedPolicy;
  let trust: NamedTrust;
  /** one reading after the other, so that an older state never takes the place of a newer one */
  let reading: Promise<unknown> = Promise.resolve();

  async function read(wanted: LoadedConfig): Promise<{ policy: VersionedPolicy; trust: NamedTrust }> {
    const stored = await readStoredPolicy(db);
    const { records, mistakes } = await assemble(wanted, builtIn, stored);
    if (mistakes.length > 0) {
      throw new WharfingerError('CONFIG_INVALID', {
        what: mistakes.map((line) => `\n  - ${line}`).join(''),
        detail: { mistakes },
      });
    }
    const { version } = stored;
    return { policy: { ...build(wanted, records), version }, trust: namedIn(wanted, records) };
  }

  /** A changed configuration is a change of what decides: it is counted, once. */
  async function countConfiguration(wanted: LoadedConfig): Promise<void> {
    const digest = digestOf(JSON.stringify(decisiveIn(wanted)));
    if ((await getSetting(db, configuredBy)) === digest) return;
    await transact(db, async (trx) => {
      await raisePolicyVersion(trx);
      await putSetting(trx, configuredBy, digest);
    });
  }

  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = reading.then(work);
    reading = done.catch(() => {});
    return done;
  }

  await read(config);
  await countConfiguration(config);
  ({ policy, trust } = await read(config));

  return {
    current: () => policy,
    trust: () => trust,
    async fresh() {
      if ((await policyVersion(db)) === policy.version) return policy;
      return inOrder(async () => {
        if ((await policyVersion(db)) === policy.version) return policy;
        ({ policy, trust } = await read(config));
        onChange(policy);
        return policy;
      });
    },
    configure: (wanted) =>
      inOrder(async () => {
        await read(wanted);
        await countConfiguration(wanted);
        ({ policy, trust } = await read(wanted));
        config = wanted;
        onChange(policy);
      }),
    mistakesIn: async (stored) => (await assemble(config, builtIn, stored)).mistakes,
  };
}

/** The part of a configuration that verdicts rest on. */
function decisiveIn(config: LoadedConfig): unknown[] {
  const { namespaces, trust, sigstoreRoots, trustStores, certificateRevocations, custody, grantRules } =
    config;
  return [namespaces, trust, sigstoreRoots, trustStores, certificateRevocations, custody, grantRules];
}

function namedIn(config: LoadedConfig, records: AddedByRecords): NamedTrust {
  const grantRules = [...config.grantRules, ...records.grantRules];
  const signers = [
    ...[...config.trust, ...records.trust].flatMap((rule) => rule.signers),
    ...grantRules.flatMap((rule) => rule.approvers),
  ];
  return { signers, grantRules, revocations: records.revocations.entries };
}

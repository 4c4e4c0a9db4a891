import { WharfingerError } from '../../errors.ts';
import type { TrustedCertificates, TrustSet } from '../evidence.ts';
import type { Certificate } from './certificate.ts';
import { enforcementOf, type Enforcement } from './level.ts';
import { parseRevocationLists, type RevocationList } from './revocation-list.ts';
import { parseTrustedNames, type TrustedNames } from './trusted-identity.ts';
import { parseTrustStore, storeType, type StoreType } from './trust-store.ts';

/** What a trust policy says of one signer, its certificates and names read. */
export interface NotationTrust {
  readonly stores: Readonly<Record<StoreType, readonly Certificate[]>>;
  /** true where timestamp authorities are trusted: a signature must have a timestamp then */
  readonly timestamps: 'never' | 'always' | 'afterCertExpiry';
  readonly names: TrustedNames;
  readonly enforcement: Enforcement;
  readonly revocationLists: readonly RevocationList[];
}

type Stores = Pick<TrustSet, 'trustStores' | 'certificateRevocations'>;

/**
 * Reads what a signer of the Notary Project's kind is trusted by.
 * @throws WharfingerError CERTIFICATE_INVALID: a store or revocation list cannot be read; TRUST_POLICY_INVALID: a store is
 * named that there is not, or an identity that cannot be read
 */
export function readNotationTrust(signer: TrustedCertificates, stores: Stores): NotationTrust {
  const { notation } = signer;
  const mistakes: string[] = [];
  const certificates: Record<StoreType, Certificate[]> = { ca: [], signingAuthority: [], tsa: [] };
  for (const name of new Set(notation.trustStores)) {
    const type = storeType(name);
    const pem = Object.hasOwn(stores.trustStores, name) ? stores.trustStores[name] : undefined;
    if (type === undefined) mistakes.push(`${JSON.stringify(name)} is no name of a trust store`);
    else if (pem === undefined) mistakes.push(`there is no trust store ${JSON.stringify(name)}`);
    else certificates[type].push(...parseTrustStore(pem, name));
  }
  if (!notation.trustStores.some((name) => ['ca', 'signingAuthority'].includes(storeType(name) ?? ''))) {
    mistakes.push('no trust store of type ca or signingAuthority is named');
  }
  const names = parseTrustedNames(notation.trustedIdentities, (what) => mistakes.push(what));
  if (mistakes.length > 0) {
    throw new WharfingerError('TRUST_POLICY_INVALID', {
      what: `${JSON.stringify(signer.name)}: ${mistakes.join('; ')}`,
    });
  }
  return {
    stores: certificates,
    timestamps: certificates.tsa.length === 0 ? 'never' : (notation.verifyTimestamp ?? 'always'),
    names,
    enforcement: enforcementOf(notation.level, notation.override),
    revocationLists: listsOf(stores.certificateRevocations),
  };
}

/** Lists may be long: those of a policy are read once, however many signers it has and images are judged by it. */
const knownLists = new WeakMap<readonly string[], readonly RevocationList[]>();

function listsOf(texts: readonly string[]): readonly RevocationList[] {
  const lists = knownLists.get(texts) ?? parseRevocationLists(texts);
  knownLists.set(texts, lists);
  return lists;
}

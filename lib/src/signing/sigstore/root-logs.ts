import { createPublicKey, type KeyObject } from 'node:crypto';
import { HashAlgorithm, PublicKeyDetails, type TransparencyLogInstance } from '@sigstore/protobuf-specs';
import type { TrustMaterial } from '@sigstore/verify';
import { keyAlgorithm, type KeyAlgorithm } from '../keys.ts';
import { periodOf } from './root-period.ts';

type TrustedLog = TrustMaterial['tlogs'][number];

/** What a root says of a key, and the keys that it can mean. Logs sign with SHA-256, Ed25519 aside. */
const keyKinds: ReadonlyMap<PublicKeyDetails, KeyAlgorithm> = new Map([
  [PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, 'ecdsa-p256'],
  [PublicKeyDetails.PKIX_ECDSA_P384_SHA_384, 'ecdsa-p384'],
  [PublicKeyDetails.PKIX_ECDSA_P384_SHA_256, 'ecdsa-p384'],
  [PublicKeyDetails.PKIX_ECDSA_P521_SHA_512, 'ecdsa-p521'],
  [PublicKeyDetails.PKIX_ECDSA_P521_SHA_256, 'ecdsa-p521'],
  [PublicKeyDetails.PKIX_ED25519, 'ed25519'],
  [PublicKeyDetails.PKCS1_RSA_PKCS1V5, 'rsa'],
  [PublicKeyDetails.PKIX_RSA_PKCS1V5, 'rsa'],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_2048_SHA256, 'rsa'],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_3072_SHA256, 'rsa'],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_4096_SHA256, 'rsa'],
]);

/**
 * Reads a log of a trusted root. Entries may name it by either of the identifiers that the root gives it; where these differ
 * it is returned by both.
 * @param fail throws, told what is wrong
 */
export function trustedLogs(log: TransparencyLogInstance, fail: (what: string) => never): TrustedLog[] {
  const where = `the log ${JSON.stringify(log.baseUrl)}`;
  if (log.hashAlgorithm !== HashAlgorithm.SHA2_256) fail(`${where} has a tree of another hash than SHA2_256`);
  const ids = [log.logId?.keyId, log.checkpointKeyId?.keyId].filter(
    (id) => id !== undefined && id.length > 0,
  );
  const [id] = ids;
  if (id === undefined) return fail(`${where} has no identifier`);
  const { publicKey } = log;
  const validFor = periodOf(publicKey?.validFor, (what) => fail(`${where} ${what}`));
  // Without a period, an entry of a log would count whenever it was made, the times before the log was known included.
  if (validFor === undefined) return fail(`${where} has no period of validity`);
  const key = keyOf(publicKey, (what) => fail(`the key of ${where} ${what}`));
  return (ids as Buffer[])
    .filter((other, index) => index === 0 || !other.equals(id))
    .map((logID) => ({ baseURL: log.baseUrl, logID, publicKey: key, validFor }));
}

function keyOf(given: TransparencyLogInstance['publicKey'], fail: (what: string) => never): KeyObject {
  const details = given?.keyDetails ?? PublicKeyDetails.PUBLIC_KEY_DETAILS_UNSPECIFIED;
  const kind = keyKinds.get(details);
  if (kind === undefined)
    return fail(`is of the kind ${PublicKeyDetails[details]}, by which nothing is verified`);
  let key: KeyObject;
  try {
    key = createPublicKey({
      key: given?.rawBytes ?? Buffer.alloc(0),
      format: 'der',
      type: details === PublicKeyDetails.PKCS1_RSA_PKCS1V5 ? 'pkcs1' : 'spki',
    });
  } catch (error) {
    return fail(`cannot be read: ${(error as Error).message}`);
  }
  const found = keyAlgorithm(key);
  if (typeof found === 'object') return fail(found.refused);
  if (found !== kind) return fail(`is of the kind ${found}, not ${PublicKeyDetails[details]}`);
  return key;
}

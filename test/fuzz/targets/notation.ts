import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { Repository, image as evidenceImage } from '@wharfinger/lib/signing/evidence.fixtures';
import {
  extension,
  issue,
  newKey,
  oids,
  pem,
  revocationList,
  stamp,
  type Issued,
} from '@wharfinger/lib/signing/notation/authority.fixtures';
import { isIssuedBy, parseCertificate } from '@wharfinger/lib/signing/notation/certificate';
import { checkChain } from '@wharfinger/lib/signing/notation/certificate-chain';
import { parseRevocationLists, type RevocationList } from '@wharfinger/lib/signing/notation/revocation-list';
import {
  envelope,
  envelopeTypes,
  from,
  leaf,
  leafWith,
  middle,
  names,
  now,
  root,
  stampLeaf,
  stampRoot,
  stores,
  trust,
} from '@wharfinger/lib/signing/notation/setting.fixtures';
import { signImageNotation } from '@wharfinger/lib/signing/notation/sign-image-notation';
import { verifyTimestamp } from '@wharfinger/lib/signing/notation/timestamp';
import { parseTrustPolicy, signersOf } from '@wharfinger/lib/signing/notation/trust-policy';
import { parseCertificates, parseTrustStore } from '@wharfinger/lib/signing/notation/trust-store';
import { verifyNotation } from '@wharfinger/lib/signing/notation/verify-notation';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { refusalReason, refuse } from '@wharfinger/lib/signing/refusal';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { Null } from 'asn1js';
import { nothing, type Claims, type Target } from '../target.ts';
import { claimsOf } from './signatures.ts';

const refuses = ['SIGNATURE_INVALID'] as const;
const leaves: readonly Issued[] = (['p256', 'p384', 'p521', 'rsa2048'] as const).map((kind) =>
  leafWith({ kind }),
);
const stamped = (seconds: number) => (signature: Uint8Array) =>
  stamp(signature, {
    authority: stampLeaf,
    at: from(-seconds * 1000),
    ...(seconds % 2 === 0 && { accuracySeconds: 3 }),
  });
const trusted = trust({ trustStores: ['ca:acme', 'tsa:time'] });
const authority = trust({
  trustStores: ['signingAuthority:acme'],
  stores: { ...stores, 'signingAuthority:acme': root.pem },
});

function readEnvelope(mediaType: string, bytes: Uint8Array): Claims {
  for (const policy of [trusted, authority]) {
    try {
      // a signature of a certificate may be spelled otherwise, which only changes its thumbprint
      const { thumbprints: _, ...found } = verifyNotation({ mediaType, bytes }, policy, now);
      return [found];
    } catch (error) {
      if (policy === authority) throw error;
    }
  }
  return [];
}

const envelopes = envelopeTypes.map((type) => ({
  type,
  genuine: [
    ...leaves.map(
      (by, index) =>
        envelope(type, {
          by,
          timestamp: stamped(60 + index),
          signingTime: from(-90_000 - index * 1000),
          ...(index % 2 === 0 && { expiry: from(3_600_000 + index * 1000) }),
        }).bytes,
    ),
    envelope(type, { scheme: 'notary.x509.signingAuthority', signingTime: from(-1_800_000) }).bytes,
  ],
  material: [envelope(type, { by: issue({ subject: names.leaf, notAfter: from(900_000) }) }).bytes],
}));

const image = evidenceImage;
const signer = parsePrivateKey(leaf.keyPem, undefined);
const signedImages = envelopeTypes.map((type) =>
  signImageNotation(
    image,
    { key: signer, chain: leaf.chainPem },
    { signedAt: from(-60_000), envelope: type },
  ),
);
const trustSet: TrustSet = {
  signers: [{ name: 'acme', notation: { trustStores: ['ca:acme'], trustedIdentities: ['*'] } }],
  formats: ['notation'],
  sigstoreRoots: {},
  trustStores: stores,
  certificateRevocations: [],
  revocations: [],
};

async function readManifest(bytes: Uint8Array): Promise<Claims> {
  const repository = new Repository();
  for (const { blobs } of signedImages)
    for (const one of blobs) repository.put(one.bytes, one.descriptor.mediaType);
  const stored = repository.put(Buffer.from(bytes), mediaTypes.ociManifest);
  repository.listed.push({ ...stored, artifactType: 'application/vnd.cncf.notary.signature' });
  return claimsOf(await verifyEvidence(image, repository, trustSet, now));
}

/** A certificate counts for what it says by its issuer's signature alone. */
function readCertificate(der: Uint8Array): Claims {
  const certificate = parseCertificate(Buffer.from(der), refuse);
  const issuer = issuers.find((one) => isIssuedBy(certificate, one));
  if (issuer === undefined) return refuse('nobody known issued it');
  const { keyId, name, notBefore, notAfter, serial, extensions } = certificate;
  return [
    {
      keyId,
      name,
      notBefore,
      notAfter,
      serial: serial.toString('hex'),
      issuer: issuer.name,
      extensions: [...extensions].map(([id, { critical, value }]) => [
        id,
        critical,
        Buffer.from(value).toString('hex'),
      ]),
    },
  ];
}

const issuers = [root, middle, stampRoot].map(({ der }) => parseCertificate(der, refuse));

const chains = [...leaves, leaf].map(({ chainPem }) => Buffer.from(chainPem));
function readChain(bytes: Uint8Array): Claims {
  const chain = parseCertificates(Buffer.from(bytes).toString(), 'a chain');
  checkChain(chain, 'codeSigning');
  if (!issuers[0]!.der.equals(chain.at(-1)!.der)) return refuse('it does not end at the root');
  return [
    chain.map(({ keyId, name, notBefore, notAfter, serial }) => [
      keyId,
      name,
      notBefore,
      notAfter,
      serial.toString('hex'),
    ]),
  ];
}

const named = leafWith({ more: [extension('2.5.29.31', false, new Null())] });
const many = Array.from({ length: 20 }, () => leafWith({}));
const lists = [
  revocationList({ issuer: middle, revoked: [named] }),
  revocationList({ issuer: middle, revoked: [...many, named] }),
  revocationList({ issuer: middle, revoked: [...many.slice(0, 5), named], invalidSince: from(-600_000) }),
];
const harmless = [
  revocationList({ issuer: middle }),
  revocationList({ issuer: stampRoot, revoked: [leaf] }),
  revocationList({ issuer: middle, revoked: [named], signer: newKey('p256') }),
];
const byNamed = envelope(undefined, { by: named });

const bodyOf = (list: RevocationList): string => Buffer.from(list.body).toString('hex');
const newer = bodyOf(parseRevocationLists([harmless[0]!])[0]!);

/**
 * Each of the lists revokes the signer, who counts with no list at all neither: whatever is changed, it counts only by the
 * genuine list that does not revoke it.
 */
function readList(bytes: Uint8Array): Claims {
  const text = Buffer.from(bytes).toString();
  const read = parseRevocationLists([text]);
  for (const list of read) list.entry('00');
  try {
    const { keyId } = verifyNotation(byNamed, trust({ lists: [text] }), now);
    return read.some((list) => bodyOf(list) === newer) ? [] : [{ keyId, text }];
  } catch (error) {
    if (refusalReason(error) !== undefined) return [];
    throw error;
  }
}

const stampedBytes = Buffer.from('a signature');
const tokens = [1, 2, 3].map((seconds) => stamped(seconds)(stampedBytes));
const secondAuthority = issue({
  subject: [['CN', 'Second Time']],
  issuer: stampRoot,
  purposes: [oids.timeStamping],
  purposesCritical: true,
  kind: 'rsa2048',
});
const timeRoots = [parseCertificate(stampRoot.der, refuse)];

const policy = {
  version: '1.0',
  trustPolicies: [
    {
      name: 'acme',
      registryScopes: ['registry.acme.io/software/unsigned', 'registry.acme.io/software/net-monitor'],
      signatureVerification: {
        level: 'permissive',
        override: { revocation: 'enforce', expiry: 'log' },
        verifyTimestamp: 'afterCertExpiry',
      },
      trustStores: ['ca:acme', 'tsa:time'],
      trustedIdentities: ['x509.subject: C=US, ST=WA, L=Seattle, O=acme, OU=a\\, b'],
    },
    { name: 'skip', registryScopes: ['registry.acme.io/none'], signatureVerification: { level: 'skip' } },
    {
      name: 'all',
      registryScopes: ['*'],
      signatureVerification: { level: 'strict' },
      trustStores: ['ca:acme'],
      trustedIdentities: ['*'],
    },
  ],
};

/** Envelopes, certificates, revocation lists, timestamps and the policy of the Notary Project. */
export const notationTargets: readonly Target[] = [
  ...envelopes.map(({ type, genuine, material }): Target => ({
    name: `Notation envelope ${type}`,
    refuses,
    genuine,
    material,
    read: (bytes) => readEnvelope(type, bytes),
  })),
  {
    name: 'manifest of a Notation signature',
    refuses: [],
    genuine: signedImages.map(({ manifest }) => manifest.bytes),
    read: readManifest,
  },
  {
    name: 'X.509 certificate',
    refuses,
    genuine: [...leaves.map(({ der }) => der), leaf.der, middle.der, root.der, named.der],
    read: readCertificate,
  },
  {
    name: 'X.509 chain in PEM',
    refuses: ['SIGNATURE_INVALID', 'CERTIFICATE_INVALID'],
    genuine: chains,
    read: readChain,
  },
  {
    name: 'trust store in PEM',
    refuses: ['CERTIFICATE_INVALID'],
    genuine: [Buffer.from(root.pem + stampRoot.pem)],
    material: chains,
    read: (bytes) => nothing(parseTrustStore(Buffer.from(bytes).toString(), 'ca:acme')),
  },
  {
    name: 'certificate revocation list',
    refuses: ['CERTIFICATE_INVALID'],
    genuine: lists.map((list) => Buffer.from(list)),
    material: [...harmless.map((list) => Buffer.from(list)), Buffer.from(pem('X509 CRL', leaf.der))],
    read: readList,
  },
  {
    name: 'timestamp token (RFC 3161)',
    refuses,
    genuine: [...tokens, stamp(stampedBytes, { authority: secondAuthority, at: from(-20_000) })],
    material: [stamp(Buffer.from('another'), { authority: stampLeaf, at: now })],
    read(bytes) {
      const { from: begin, to, chain } = verifyTimestamp(bytes, stampedBytes, timeRoots);
      return [{ begin, to, by: chain.map(({ keyId }) => keyId) }];
    },
  },
  {
    name: 'trustpolicy.json',
    refuses: ['TRUST_POLICY_INVALID'],
    genuine: [Buffer.from(JSON.stringify(policy))],
    read: (bytes) => nothing(signersOf(parseTrustPolicy(bytes), 'registry.acme.io/none')),
  },
];

import { join } from 'node:path';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { issue, keyKinds, type Issued } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { signImageNotation } from '@wharfinger/lib/signing/notation/sign-image-notation';
import { generateKeyFiles } from '@wharfinger/lib/signing/generate-key';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { envelopes, notationIn, type NotationEnvelope } from '../../harness/notation.ts';
import type { Placed, Setting } from './place.ts';
import type { Row, Section } from './table.ts';

const subject = [
  ['C', 'US'],
  ['ST', 'WA'],
  ['O', 'Acme'],
  ['CN', 'release'],
] as const;
const identity = 'x509.subject: C=US, ST=WA, O=Acme';
const types = { jws: 'application/jose+json', cose: 'application/cose' } as const;

/** Signatures of the Notary Project, with every kind of key that it has an algorithm for. */
export async function notationSection(setting: Setting): Promise<Section> {
  const root = issue({ subject: [['CN', 'Acme Root']], ca: true });
  const keys = new Map(keyKinds.map((kind) => [kind, issue({ subject, issuer: root, kind })] as const));
  const files = [...keys].map(([name, { keyPem, chainPem }]) => ({ name, keyPem, chainPem }));
  const login = { name: 'anybody', password: 'none' };
  const notation = notationIn(join(setting.folder, 'notary'), login, files, { 'ca/acme': root.pem });
  notation.trust({
    name: 'acme',
    registryScopes: ['*'],
    signatureVerification: { level: 'strict' },
    trustStores: ['ca:acme'],
    trustedIdentities: [identity],
  });
  const trust: TrustSet = {
    ...trustOfKeys([]),
    signers: [{ name: 'acme', notation: { trustStores: ['ca:acme'], trustedIdentities: [identity] } }],
    trustStores: { 'ca:acme': root.pem },
  };
  const makers = {
    wharf: async (image: Placed, kind: (typeof keyKinds)[number], envelope: NotationEnvelope) =>
      setting.attach(image, await signHere(setting, image, keys.get(kind)!, envelope)),
    'notation 1.3': (image: Placed, kind: (typeof keyKinds)[number], envelope: NotationEnvelope) =>
      notation.sign(kind, envelope, image.reference),
  };
  const rows: Row[] = [];
  for (const [by, make] of Object.entries(makers))
    for (const envelope of envelopes)
      for (const kind of keyKinds) {
        const image = await setting.place(`notary/${rows.length}`);
        await make(image, kind, envelope);
        const { code, stderr } = await notation.verify(image.reference);
        const verdicts = {
          wharf: await setting.verify('signature', image, trust, new Date()),
          'notation 1.3': code === 0 || stderr,
        };
        rows.push({ by, format: envelope.toUpperCase(), key: kind, verdicts });
      }
  return {
    title: 'Signatures with certificates',
    about:
      'In envelopes of the Notary Project, with a root in a trust store. It has no algorithm for Ed25519: `wharf` refuses to sign with such a key.',
    verifiers: ['wharf', 'notation 1.3'],
    rows,
    gaps: [],
  };
}

/** What signing with Ed25519 in the format of the Notary Project is refused with. */
export async function refusalOfEd25519(setting: Setting): Promise<string> {
  const { privatePem } = generateKeyFiles('ed25519', 'x');
  const key = parsePrivateKey(privatePem, 'x');
  const { chainPem } = issue({ subject });
  const image = await setting.describe(await setting.place('notary/ed25519'));
  try {
    signImageNotation(image, { key, chain: chainPem }, { signedAt: new Date() });
    return 'nothing';
  } catch (error) {
    return String(error);
  }
}

async function signHere(
  setting: Setting,
  image: Placed,
  { keyPem, chainPem }: Issued,
  envelope: NotationEnvelope,
) {
  return signImageNotation(
    await setting.describe(image),
    { key: parsePrivateKey(keyPem, undefined), chain: chainPem },
    { signedAt: new Date(), envelope: types[envelope] },
  );
}

import { createPrivateKey, scryptSync } from 'node:crypto';
import { newKey } from '@wharfinger/lib/signing/evidence.fixtures';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signBytes, verifyBytes } from '@wharfinger/lib/signing/raw-signature';
import { closeSecretBox } from '@wharfinger/lib/signing/secretbox';
import { nothing, type Target } from '../target.ts';

const keys = (['p256', 'p384', 'p521', 'ed25519', 'rsa'] as const).map((kind) => newKey(kind));
const text = Buffer.from('what is signed');
const signatures = keys.map(({ algorithm, key }) => signBytes(algorithm, key, text));
const pemOf = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;
const password = 'a password';

/** A key file of cosign, but with a scrypt that is quick. */
function cosignFile(index: number): Buffer {
  const der = createPrivateKey(keys[index]!.key.export({ format: 'pem', type: 'pkcs8' })).export({
    format: 'der',
    type: 'pkcs8',
  });
  const [salt, nonce] = [Buffer.alloc(32, index + 1), Buffer.alloc(24, index + 7)];
  const params = { N: 1024, r: 8, p: 1 };
  const document = {
    kdf: { name: 'scrypt', params, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: closeSecretBox(der, nonce, scryptSync(password, salt, 32, params)).toString('base64'),
  };
  return Buffer.from(pemOf('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(JSON.stringify(document))));
}

const refuses = ['KEY_INVALID'] as const;

/** Keys as people give them. Another key is another key; what is read must be one that can be used. */
export const keyTargets: readonly Target[] = [
  {
    name: 'public key in PEM',
    refuses,
    genuine: keys.map(({ publicPem }) => Buffer.from(publicPem)),
    read(bytes) {
      const key = parsePublicKey({ name: 'a key', pem: Buffer.from(bytes).toString() });
      return nothing(signatures.map((signature) => verifyBytes(key, text, signature)));
    },
  },
  {
    name: 'private key in PEM',
    refuses,
    genuine: keys.flatMap(({ key }) => [
      Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })),
      ...(key.asymmetricKeyType === 'ec' ? [Buffer.from(key.export({ format: 'pem', type: 'sec1' }))] : []),
      ...(key.asymmetricKeyType === 'rsa' ? [Buffer.from(key.export({ format: 'pem', type: 'pkcs1' }))] : []),
    ]),
    read: (bytes) => nothing(parsePrivateKey(Buffer.from(bytes).toString(), undefined)),
  },
  {
    name: 'key file of cosign',
    refuses,
    genuine: [cosignFile(0), cosignFile(3)],
    material: [
      Buffer.from(
        keys[0]!.key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: password }),
      ),
    ],
    read: (bytes) => [parsePrivateKey(Buffer.from(bytes).toString(), password).id],
  },
];

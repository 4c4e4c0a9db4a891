import { token, type FoundValue, type SecretPlace, type SecretRule } from '../rule.ts';
import type { SecretSeverity } from '../secret-facts.ts';
import { isMonotonous, isPlaceholder, tokenPart } from '../value-checks.ts';

/** What stands between the lines of a key: ends of lines, also escaped ones, quotes and signs of the language around it. */
const between = String.raw`(?:\\{1,2}[rn]|[\s"'\x60+,|>#*.;\\-])`;

const privateKey = new RegExp(
  String.raw`-{5}BEGIN (?<kind>(?:[A-Z0-9]{2,10} ){0,3})PRIVATE KEY(?: BLOCK)?-{5}${between}{0,80}` +
    String.raw`(?<headers>(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|Key-ID)[:][^\r\n\\]{0,100}${between}{1,20}){0,4})` +
    String.raw`(?<secret>[A-Za-z0-9+/=\s\\"'\x60,.*#|>;-]{40,1000})`,
  'y',
);

/** The base64 of a key as it stands in a file, free of what stands between its lines. */
function keyBody(text: string): string {
  const end = text.indexOf('-----');
  return (end < 0 ? text : text.slice(0, end)).replaceAll(/\\+[rn]/g, '').replaceAll(/[^A-Za-z0-9+/=]/g, '');
}

function judgePrivateKey(
  { secret, groups }: FoundValue,
  { isPublic }: SecretPlace,
): SecretSeverity | undefined {
  const body = keyBody(secret);
  const kind = groups['kind'] ?? '';
  if (body.length < 60 || isMonotonous(body.slice(0, 200)) || /\.\.\.|\*\*\*/.test(secret.slice(0, 80)))
    return undefined;
  const isOpenSsh = kind.startsWith('OPENSSH');
  // DER begins with a sequence, OpenSSH's own format with its name (PROTOCOL.key).
  if (isOpenSsh && !body.startsWith('b3BlbnNzaC1rZXktdjEA')) return undefined;
  if (
    !isOpenSsh &&
    !kind.startsWith('PGP') &&
    !groups['headers']?.includes('ENCRYPTED') &&
    !body.startsWith('M')
  )
    return undefined;
  const isEncrypted =
    kind.startsWith('ENCRYPTED') ||
    groups['headers']?.includes('ENCRYPTED') === true ||
    (isOpenSsh && !body.startsWith('b3BlbnNzaC1rZXktdjEAAAAABG5vbmU'));
  if (isPublic) return 'possible';
  return isEncrypted ? 'low' : 'high';
}

function judgeToken({ secret, groups }: FoundValue, { isPublic }: SecretPlace): SecretSeverity | undefined {
  const header = tokenPart(groups['header'] ?? '');
  const payload = tokenPart(groups['payload'] ?? '');
  if (header === undefined || typeof header['alg'] !== 'string' || header['alg'] === 'none') return undefined;
  // A long payload does not fit into what is looked at; its beginning has to do.
  if (payload === undefined && (groups['payload'] ?? '').length < 900) return undefined;
  // The token that documentation of the format shows everywhere, and one that is made to be public.
  if (payload?.['name'] === 'John Doe' || payload?.['sub'] === '1234567890') return undefined;
  if (isPlaceholder(secret)) return undefined;
  if (payload?.['role'] === 'anon') return 'possible';
  return isPublic ? 'possible' : 'medium';
}

/** Keys, and what is signed with them. */
export const keyRules: readonly SecretRule[] = [
  {
    id: 'private-key',
    title: 'private key',
    severity: 'high',
    anchors: ['-----BEGIN '],
    pattern: privateKey,
    reach: 1300,
    inBinary: true,
    judge: judgePrivateKey,
  },
  {
    id: 'private-key-base64',
    title: 'private key, in base64 once more',
    severity: 'high',
    anchors: ['LS0tLS1CRUdJTi'],
    pattern: /(?<secret>LS0tLS1CRUdJTi[A-Za-z0-9+/=]{80,1000})/y,
    reach: 1100,
    judge: ({ secret }, place) => {
      const groups = new RegExp(privateKey.source, 'y').exec(
        Buffer.from(secret, 'base64').toString('latin1'),
      )?.groups;
      return groups?.['secret'] === undefined
        ? undefined
        : judgePrivateKey({ secret: groups['secret'], groups, window: '' }, place);
    },
  },
  {
    id: 'putty-private-key',
    title: 'private key of PuTTY',
    severity: 'high',
    anchors: ['PuTTY-User-Key-File-'],
    pattern:
      /PuTTY-User-Key-File-[23]: [a-z0-9-]{3,40}\r?\nEncryption: (?<cipher>[a-z0-9-]{3,20})\r?\n(?<secret>[^\0]{100,1200})/y,
    reach: 1300,
    judge: ({ groups, secret }, { isPublic }) =>
      !secret.includes('Public-Lines:')
        ? undefined
        : isPublic
          ? 'possible'
          : groups['cipher'] === 'none'
            ? 'high'
            : 'low',
  },
  {
    id: 'age-secret-key',
    title: 'secret key of age',
    severity: 'high',
    anchors: ['AGE-SECRET-KEY-1'],
    pattern: token('AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}'),
    inBinary: true,
  },
  {
    id: 'jwk-private-key',
    title: 'private key as a JSON Web Key',
    severity: 'high',
    anchors: ['"kty"'],
    pattern:
      /"kty"\s{0,8}:\s{0,8}"(?:RSA|EC|OKP)"[^{}\0]{0,700}?"d"\s{0,8}:\s{0,8}"(?<secret>[A-Za-z0-9_-]{40,700})"?/y,
    reach: 1390,
    judge: (_found, { isPublic }) => (isPublic ? 'possible' : 'high'),
  },
  {
    id: 'json-web-token',
    title: 'signed token (JWT)',
    severity: 'medium',
    anchors: ['.eyJ'],
    pattern:
      /(?<=(?<![A-Za-z0-9_-])(?<header>eyJ[A-Za-z0-9_-]{10,500}))\.(?<secret>(?<payload>eyJ[A-Za-z0-9_-]{10,1000})(?:\.[A-Za-z0-9_-]{20,700})?)/y,
    reach: 1390,
    judge: (found, place) =>
      found.secret.includes('.') || (found.groups['payload'] ?? '').length > 900
        ? judgeToken(found, place)
        : undefined,
  },
];

import type { ChangeInner } from './change-json.ts';
import type { Random } from './random.ts';

const block = /-----BEGIN ([^\n]*)-----\n([A-Za-z0-9+/=\s]*)-----END [^\n]*-----\n?/;

function write(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

const labels = [
  'CERTIFICATE',
  'PUBLIC KEY',
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PUBLIC KEY',
  'X509 CRL',
  'ENCRYPTED PRIVATE KEY',
  'ENCRYPTED SIGSTORE PRIVATE KEY',
  '',
  'a'.repeat(5000),
];

/** One change of a text with a PEM block (RFC 7468), of what is in it or around it; undefined: it has none. */
export function changePem(
  bytes: Buffer,
  random: Random,
  other: Buffer,
  inner: ChangeInner,
): Buffer | undefined {
  const text = bytes.toString();
  const found = block.exec(text);
  if (found === null) return undefined;
  const [whole, label, body] = found as unknown as [string, string, string];
  const der = Buffer.from(body, 'base64');
  const otherDer = Buffer.from(block.exec(other.toString())?.[2] ?? '', 'base64');
  const made: ReadonlyArray<() => string> = [
    ...Array.from(
      { length: 8 },
      () => () =>
        write(
          label,
          inner(der, random, otherDer)
            .toString('base64')
            .replace(/.{64}(?=.)/g, '$&\n'),
        ),
    ),
    () => write(random.pick(labels), body.trim()),
    () => write(label, body.trim().replaceAll('\n', random.pick(['\r\n', '', ' ', '\n\n', '\t']))),
    () => whole + whole,
    () => `a line before\n${whole}`,
    () => `${whole}a line after`,
    () => write(label, `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${body.trim()}`),
    () => whole.replace('END', random.pick(['BEGIN', 'end', 'END X'])),
    () => other.toString() + whole,
  ];
  return Buffer.from(text.replace(whole, () => random.pick(made)()));
}

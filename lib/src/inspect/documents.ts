import type { DocumentKind } from './inventory.ts';
import { isFields, type Fields } from './json-fields.ts';

/** Predicate by which cosign 3 signs an image: a statement that says no more than "signed". */
const cosignSign = 'https://sigstore.dev/cosign/sign/v1';

/**
 * Says which document a JSON layer is:
 * - `signature`: cosign's simple signing payload (`critical.type`, `critical.image`), a Sigstore bundle over a digest
 *   (`messageSignature`), or a bundle or DSSE envelope whose statement is cosign's "signed" predicate;
 * - `attestation`: an in-toto statement, bare, in a DSSE envelope, or in a bundle;
 * - `sbom`: CycloneDX (`bomFormat`) or SPDX 2 (`spdxVersion`) or SPDX 3 (`@context` of spdx.org);
 * - `other`: everything else.
 */
export function classifyDocument(value: unknown): DocumentKind {
  if (!isFields(value)) return 'other';
  const critical = value['critical'];
  if (isFields(critical) && isFields(critical['image']) && typeof critical['type'] === 'string')
    return 'signature';
  const mediaType = value['mediaType'];
  if (typeof mediaType === 'string' && mediaType.startsWith('application/vnd.dev.sigstore.bundle')) {
    if (isFields(value['messageSignature'])) return 'signature';
    return isFields(value['dsseEnvelope']) ? classifyEnvelope(value['dsseEnvelope']) : 'other';
  }
  if (typeof value['payloadType'] === 'string' && typeof value['payload'] === 'string')
    return classifyEnvelope(value);
  if (isStatement(value)) return value['predicateType'] === cosignSign ? 'signature' : 'attestation';
  if (value['bomFormat'] === 'CycloneDX') return 'sbom';
  if (typeof value['spdxVersion'] === 'string' && value['spdxVersion'].startsWith('SPDX-')) return 'sbom';
  const context = value['@context'];
  return typeof context === 'string' && context.startsWith('https://spdx.org/rdf/') ? 'sbom' : 'other';
}

function isStatement(value: Fields): boolean {
  const type = value['_type'];
  return typeof type === 'string' && type.startsWith('https://in-toto.io/Statement/');
}

function classifyEnvelope(envelope: Fields): DocumentKind {
  const { payload, payloadType } = envelope;
  if (payloadType !== 'application/vnd.in-toto+json' || typeof payload !== 'string') return 'other';
  try {
    const statement: unknown = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
    return isFields(statement) && isStatement(statement) ? classifyDocument(statement) : 'other';
  } catch {
    return 'other';
  }
}

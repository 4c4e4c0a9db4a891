import { createPublicKey, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { TimeStampReq } from 'pkijs';
import { pem } from '../../notation/authority.fixtures.ts';
import type { Logged } from './entry-log.ts';
import type { LocalSigstore } from './local-sigstore.ts';

/** A Sigstore that clients can sign with. */
export interface SigstoreServer {
  readonly url: string;
  /** signing_config.json: which services clients ask, the log being of this kind */
  signingConfig(logVersion: 1 | 2): string;
  stop(): Promise<void>;
}

/**
 * Serves what clients of Sigstore ask to sign: certificates (Fulcio's API, version 2), logs of both kinds (Rekor's APIs,
 * versions 1 and 2), timestamps (RFC 3161 over HTTP).
 */
export async function serveSigstore(sigstore: LocalSigstore): Promise<SigstoreServer> {
  const routes: Readonly<Record<string, Route>> = {
    '/api/v2/signingCert': (body, token) => certify(sigstore, token, parse(body)),
    '/api/v1/signingCert': (body, token) => certifyFirst(sigstore, token, parse(body)),
    '/api/v1/log/entries': (body) => logFirst(sigstore, parse(body)),
    '/api/v2/log/entries': (body) =>
      jsonAnswer(sigstore.secondLog.append(requestOfSecond(parse(body)), at(sigstore))),
    '/api/v1/timestamp': (body) => stampOf(sigstore, body),
  };
  const server = createServer((request, response) => {
    void answer(request, response, routes[request.url ?? '']);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    signingConfig: (logVersion) => signingConfig(url, logVersion),
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** `token` is what the client shows of whom it acts for. */
type Route = (body: Buffer, token: string) => Answer;

type Json = Readonly<Record<string, unknown>>;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route | undefined,
): Promise<void> {
  try {
    if (route === undefined) return void response.writeHead(404).end();
    const token = request.headers.authorization ?? '';
    const { status, headers, body } = route(await buffer(request), token);
    response.writeHead(status, headers).end(body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

function jsonAnswer(value: object, status = 201, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

function signingConfig(url: string, logVersion: 1 | 2): string {
  const service = (path: string, majorApiVersion: number) => ({
    url: `${url}${path}`,
    majorApiVersion,
    operator: 'local',
    validFor: { start: '2020-01-01T00:00:00Z' },
  });
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service('', 1)],
    oidcUrls: [],
    rekorTlogUrls: [service('', logVersion)],
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: [service('/api/v1/timestamp', 1)],
    tsaConfig: { selector: 'ANY' },
  });
}

/** A token as clients show it; who asked is believed, for only tests ask. */
export function tokenOf({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: issuer,
    sub: subject,
    email: subject,
    email_verified: true,
    aud: 'sigstore',
    exp: 4_102_444_800,
  };
  return [part({ alg: 'RS256' }), part(claims), Buffer.from('unsigned').toString('base64url')].join('.');
}

function certify(sigstore: LocalSigstore, token: string, request: Json): Answer {
  const { publicKey } = request['publicKeyRequest'] as { publicKey: { content: string } };
  const certificates = chainFor(sigstore, token, publicKey.content);
  return jsonAnswer({ signedCertificateEmbeddedSct: { chain: { certificates } } }, 200);
}

function certifyFirst(sigstore: LocalSigstore, token: string, request: Json): Answer {
  const { content } = request['publicKey'] as { content: string };
  const body = chainFor(sigstore, token, Buffer.from(content, 'base64').toString()).join('');
  return { status: 201, headers: { 'content-type': 'application/pem-certificate-chain' }, body };
}

/** In PEM, the signer's certificate first. */
function chainFor(sigstore: LocalSigstore, token: string, key: string): string[] {
  const claims = parse(Buffer.from(token.split('.')[1] ?? '', 'base64url')) as { iss: string; email: string };
  const { iss: issuer, email: subject } = claims;
  const leaf = sigstore.authority.certify({ subject, issuer, key, ...sigstore.validity() });
  return [leaf, ...sigstore.authority.issuer.chain].map((der) => pem('CERTIFICATE', der));
}

function logFirst(sigstore: LocalSigstore, request: Json): Answer {
  const entry = sigstore.log.append(requestOfFirst(request), at(sigstore)) as unknown as EntryJson;
  const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');
  const { inclusionProof: proof } = entry;
  const uuid = hex(proof.rootHash);
  const made = {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: hex(entry.logId.keyId),
    logIndex: Number(entry.logIndex),
    verification: {
      signedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      inclusionProof: {
        checkpoint: proof.checkpoint.envelope,
        hashes: proof.hashes.map(hex),
        logIndex: Number(proof.logIndex),
        rootHash: hex(proof.rootHash),
        treeSize: Number(proof.treeSize),
      },
    },
  };
  const location = `/api/v1/log/entries/${uuid}`;
  return jsonAnswer({ [uuid]: made }, 201, { etag: uuid, location });
}

interface EntryJson {
  readonly canonicalizedBody: string;
  readonly integratedTime: string;
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly rootHash: string;
    readonly treeSize: string;
    readonly hashes: readonly string[];
    readonly checkpoint: { readonly envelope: string };
  };
}

interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

function requestOfFirst({ kind, spec }: Json): Logged {
  if (kind === 'dsse') {
    const { proposedContent } = spec as { proposedContent: { envelope: string; verifiers: [string] } };
    return envelopeLogged(Buffer.from(proposedContent.envelope), derOf(proposedContent.verifiers[0]));
  }
  const { data, signature } = spec as {
    data: { hash: { value: string } };
    signature: { content: string; publicKey: { content: string } };
  };
  return {
    signature: Buffer.from(signature.content, 'base64'),
    digest: Buffer.from(data.hash.value, 'hex'),
    ...derOf(signature.publicKey.content),
  };
}

function requestOfSecond(request: Json): Logged {
  const { signature, digest } = request['hashedRekordRequestV002'] as {
    digest: string;
    signature: { content: string; verifier: { x509Certificate: { rawBytes: string } } };
  };
  return {
    signature: Buffer.from(signature.content, 'base64'),
    digest: Buffer.from(digest, 'base64'),
    signer: Buffer.from(signature.verifier.x509Certificate.rawBytes, 'base64'),
  };
}

function envelopeLogged(document: Buffer, signer: Pick<Logged, 'signer' | 'isKey'>): Logged {
  const { payload, payloadType, signatures } = parse(document) as unknown as EnvelopeJson;
  return {
    signature: Buffer.from(signatures[0].sig, 'base64'),
    envelope: { payloadType, payload: Buffer.from(payload, 'base64'), document },
    ...signer,
  };
}

/** Of base64 of PEM: a certificate, or a public key. */
function derOf(verifier: string): Pick<Logged, 'signer' | 'isKey'> {
  const text = Buffer.from(verifier, 'base64').toString();
  return text.includes('CERTIFICATE')
    ? { signer: new X509Certificate(text).raw }
    : { signer: createPublicKey(text).export({ type: 'spki', format: 'der' }), isKey: true };
}

function stampOf(sigstore: LocalSigstore, body: Buffer): Answer {
  const { messageImprint } = TimeStampReq.fromBER(new Uint8Array(body).buffer);
  const imprint = Buffer.from(messageImprint.hashedMessage.valueBlock.valueHexView);
  const stamp = sigstore.stamp(Buffer.alloc(0), { imprint });
  return { status: 201, headers: { 'content-type': 'application/timestamp-reply' }, body: stamp };
}

function at({ now }: LocalSigstore): { integratedTime: number } {
  return { integratedTime: now.getTime() / 1000 };
}

function parse(body: Buffer): Json {
  return JSON.parse(body.toString()) as Json;
}

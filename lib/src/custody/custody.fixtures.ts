import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { EvidenceSource, FetchedManifest } from '../oci/evidence-source.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { Revocation, SignerPurpose, TrustSet, TrustedKey } from '../signing/evidence.ts';
import { parsePrivateKey, type SigningKey } from '../signing/private-keys.ts';
import { signStatement, type SignedStatement } from '../signing/sign-statement.ts';
import { chainIds } from './chain-id.ts';
import type { ChainSource } from './chain-source.ts';
import type { CustodyImage } from './custody-image.ts';
import type { JsonObject } from './json-value.ts';
import type { CustodyLayout } from './layout.ts';
import { makeApproval, type ApprovalRequest } from './make/make-approval.ts';
import { makeAssembly } from './make/make-assembly.ts';
import { makeLayerLink } from './make/make-link.ts';
import { wholeSeconds } from './make/period.ts';
import { fetchImage } from './read-image.ts';
import type { CustodyReport } from './report.ts';
import type { LayerLink } from './statements/layer-link.ts';
import { resourceUri, writeVerificationSummary } from './statements/verification-summary.ts';
import { verifiedChain } from './verified-source.ts';
import { walkChain, type ChainInput } from './walk-chain.ts';

export const registry = 'registry.acme';
export const now = new Date('2026-11-22T12:00:00Z');
export const hour = 3_600_000;

/** Teams and people of the tests: name of the key → principal, team, purposes. */
const people: Readonly<Record<string, Omit<TrustedKey, 'name' | 'pem'>>> = {
  'base-key': { principal: 'bot-base', team: 'platform/base', purposes: ['stamp', 'intake'] },
  'node-key': { principal: 'bot-node', team: 'platform/node', purposes: ['stamp', 'intake'] },
  'app-key': { principal: 'bot-app', team: 'payments/app', purposes: ['stamp', 'intake'] },
  'alice-key': { principal: 'alice', purposes: ['stamp'] },
  'alice-old-key': { principal: 'alice', purposes: ['stamp'] },
  'bob-key': { principal: 'bob', purposes: ['stamp'] },
  'carol-key': { principal: 'carol', purposes: ['stamp'] },
  'release-key': { principal: 'dave', purposes: ['release'] },
  'other-key': { principal: 'eve', purposes: ['stamp', 'intake'] },
};

const keys = new Map<string, SigningKey>();

/** The private key of this name, made when it is first asked for. */
export function keyOf(name: string): SigningKey {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }), undefined);
  keys.set(name, made);
  return made;
}

export const layout: CustodyLayout = {
  name: 'payments',
  registry,
  stages: [
    {
      name: 'base',
      repositories: ['base/*'],
      teams: [{ team: 'platform/base', signers: ['base-key'] }],
      approvals: { needed: 1, roles: { security: ['alice', 'carol'] }, signers: ['alice-key', 'carol-key'] },
      kinds: ['origin', 'import'],
      intake: false,
    },
    {
      name: 'runtime',
      repositories: ['runtime/*'],
      teams: [{ team: 'platform/node', signers: ['node-key'] }],
      approvals: { needed: 0, roles: {}, signers: [] },
      kinds: ['extend'],
      intake: true,
      maxNewLayers: 2,
    },
    {
      name: 'app',
      repositories: ['prod/*'],
      teams: [{ team: 'payments/app', signers: ['app-key'] }],
      approvals: {
        needed: 2,
        roles: { security: ['alice', 'carol'], release: ['bob', 'alice', 'bot-app'] },
        signers: ['alice-key', 'alice-old-key', 'bob-key', 'carol-key', 'app-key', 'release-key'],
        notByTheTeam: true,
      },
      mayChange: ['Entrypoint', 'Env', 'WorkingDir'],
      kinds: ['extend', 'config-only'],
      intake: true,
    },
  ],
};

export function trustSet(change: Partial<TrustSet> = {}, without: readonly string[] = []): TrustSet {
  const signers = Object.entries(people)
    .filter(([name]) => !without.includes(name))
    .map(([name, person]) => ({ name, pem: keyOf(name).publicPem, ...person }));
  return {
    signers,
    formats: ['cosign-v3', 'cosign-v2'],
    sigstoreRoots: {},
    trustStores: {},
    certificateRevocations: [],
    revocations: [],
    ...change,
  };
}

/** Takes the trust from the key of this name. */
export function revoked(name: string): Revocation {
  return { keyId: keyOf(name).id, revokedAt: '2026-11-21T00:00:00Z', reason: 'stolen laptop' };
}

/** The purposes of a signer changed. */
export function withPurposes(name: string, purposes: readonly SignerPurpose[]): TrustSet {
  const trust = trustSet();
  return {
    ...trust,
    signers: trust.signers.map((signer) => (signer.name === name ? { ...signer, purposes } : signer)),
  };
}

/** A layer: its content, and how it is compressed. */
export interface LayerSpec {
  readonly content: string;
  /** another number makes another blob of the same content */
  readonly level?: number;
  /** the config claims this, whatever is in the blob */
  readonly claims?: string;
}

export interface ImageSpec {
  readonly layers: readonly LayerSpec[];
  readonly config?: JsonObject;
  readonly architecture?: string;
  readonly history?: readonly object[];
}

/** A registry in memory. */
export interface World {
  readonly manifests: Map<string, FetchedManifest>;
  readonly blobs: Map<Digest, Uint8Array>;
  /** `repository subject` → what refers to it */
  readonly attached: Map<string, Descriptor[]>;
  readonly measured: Map<Digest, Digest>;
  /** when its statements are signed */
  readonly now: Date;
}

export function emptyWorld(at = now): World {
  return { manifests: new Map(), blobs: new Map(), attached: new Map(), measured: new Map(), now: at };
}

export function sourceOf(world: World, repository: string): EvidenceSource {
  return {
    manifest: async (reference) => world.manifests.get(`${repository}@${reference}`),
    referrers: async (subject) => world.attached.get(`${repository} ${subject}`) ?? [],
    blob: async ({ digest }) => world.blobs.get(digest),
  };
}

function addBlob(world: World, mediaType: string, bytes: Uint8Array): Descriptor {
  const digest = digestOf(bytes);
  world.blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Stores any manifest or index. */
export function addManifest(world: World, repository: string, document: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  const { mediaType } = document as { mediaType: string };
  world.manifests.set(`${repository}@${digest}`, { digest, mediaType, bytes });
  return { mediaType, digest, size: bytes.length };
}

/** Stores an image and reads it back. */
export async function addImage(world: World, repository: string, spec: ImageSpec): Promise<CustodyImage> {
  const layers = spec.layers.map(({ content, level = 6 }) => {
    const plain = Buffer.from(content);
    const layer = addBlob(world, `${mediaTypes.ociLayer}+gzip`, gzipSync(plain, { level }));
    world.measured.set(layer.digest, digestOf(plain));
    return layer;
  });
  const config = {
    architecture: spec.architecture ?? 'amd64',
    os: 'linux',
    config: spec.config ?? {},
    rootfs: {
      type: 'layers',
      diff_ids: spec.layers.map(({ content, claims }) => digestOf(claims ?? content)),
    },
    history: spec.history ?? spec.layers.map(({ content }) => ({ created_by: `COPY ${content}` })),
  };
  const described = addBlob(world, mediaTypes.ociConfig, Buffer.from(JSON.stringify(config)));
  const { digest } = addManifest(world, repository, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: described,
    layers,
  });
  return (await fetchImage(plainSource(world), { repository, digest }))!;
}

function plainSource(world: World): ChainSource {
  return verifiedChain((repository) => sourceOf(world, repository), trustSet(), now);
}

/** Signs a statement about an image and attaches it. */
export function attach(
  world: World,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
  statement: { readonly predicateType: string; readonly predicate: object },
  key: string,
): SignedStatement {
  const { mediaType, bytes } = world.manifests.get(`${repository}@${digest}`)!;
  const signed = signStatement({ mediaType, digest, size: bytes.length }, statement, keyOf(key), world.now);
  attachSigned(world, repository, digest, signed);
  return signed;
}

/** Attaches what was signed elsewhere. */
function attachSigned(world: World, repository: string, subject: Digest, signed: SignedStatement): void {
  for (const { descriptor, bytes } of signed.blobs) world.blobs.set(descriptor.digest, bytes);
  const { manifest } = signed;
  world.manifests.set(`${repository}@${manifest.digest}`, manifest);
  const listed = {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  };
  const key = `${repository} ${subject}`;
  world.attached.set(key, [...(world.attached.get(key) ?? []), listed]);
}

/** A linked image, to build on. */
export interface Built {
  readonly image: CustodyImage;
  readonly link: LayerLink;
  readonly signed: SignedStatement;
}

/** How long statements of a world hold. */
export function periodOf({ now: at }: Pick<World, 'now'>): { readonly from: Date; readonly until: Date } {
  return { from: new Date(at.getTime() - hour), until: new Date(at.getTime() + 24 * hour) };
}

export const period = periodOf({ now });

/** Links an image as its team does; `change` makes the link another one before it is signed. */
export function link(
  world: World,
  image: CustodyImage,
  team: string,
  key: string,
  parent?: Built,
  change: (link: LayerLink) => object = (same) => same,
): Built {
  const made = makeLayerLink({
    image,
    registry,
    team,
    ...periodOf(world),
    ...(parent === undefined
      ? {}
      : { parent: { image: parent.image, link: parent.signed.payloadDigest, seq: parent.link.seq } }),
  });
  const changed = change(made) as LayerLink;
  return {
    image,
    link: changed,
    signed: attach(world, image, { predicateType: predicateTypes.layerLink, predicate: changed }, key),
  };
}

export function approve(
  world: World,
  image: CustodyImage,
  said: Pick<ApprovalRequest, 'stage' | 'role' | 'approver'>,
  key: string,
  change: (approval: object) => object = (same) => same,
): SignedStatement {
  const predicate = makeApproval({
    image,
    registry,
    routines: [],
    ticket: 'CHG-1',
    ...periodOf(world),
    ...said,
  });
  return attach(world, image, { predicateType: predicateTypes.approval, predicate: change(predicate) }, key);
}

const policy = digestOf('the policy');

/** The summary by which a team takes in what it builds on; made two hours before now. */
export function takeIn(
  world: World,
  parent: Built,
  key: string,
  change: (summary: object) => object = (same) => same,
): SignedStatement {
  const { image, signed } = parent;
  const predicate = writeVerificationSummary({
    verifier: key,
    timeVerified: wholeSeconds(new Date(world.now.getTime() - 2 * hour)),
    resourceUri: resourceUri({ registry, repository: image.repository }, image.digest),
    policy: { digest: policy },
    inputs: [signed.payloadDigest],
    passed: true,
    levels: ['WHARFINGER_INTAKE'],
  });
  return attach(
    world,
    image,
    { predicateType: predicateTypes.verificationSummary, predicate: change(predicate) },
    key,
  );
}

export const baseLayers = [{ content: 'debian root' }, { content: 'debian updates' }] as const;
export const nodeLayers = [...baseLayers, { content: 'node' }, { content: 'npm' }] as const;
export const appLayers = [...nodeLayers, { content: 'app' }, { content: 'app settings' }] as const;

export const baseConfig = { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] };
export const nodeConfig = { ...baseConfig, Env: ['PATH=/bin:/node'] };
export const appConfig = { ...nodeConfig, Entrypoint: ['/app'], WorkingDir: '/srv' };

export interface Chain {
  readonly world: World;
  readonly base: Built;
  readonly node: Built;
  readonly app: Built;
}

/** What a chain of the tests does otherwise than it should. Each takes the place of the step of its name. */
export interface Steps {
  /** where it is made; absent: in a world of its own */
  readonly world?: World;
  /** what the images are called in the repositories of their stages */
  readonly names?: Readonly<Record<'base' | 'runtime' | 'prod', string>>;
  readonly baseImage?: ImageSpec;
  readonly nodeImage?: ImageSpec;
  readonly appImage?: ImageSpec;
  readonly base?: (world: World, image: CustodyImage) => Built;
  readonly node?: (world: World, image: CustodyImage, base: Built) => Built;
  readonly app?: (world: World, image: CustodyImage, node: Built, base: Built) => Built;
  readonly approveBase?: (world: World, base: Built) => void;
  readonly approveApp?: (world: World, app: Built) => void;
  readonly takeInBase?: (world: World, base: Built) => void;
  readonly takeInNode?: (world: World, node: Built) => void;
}

/** A chain of three teams with nothing against it, but for the steps given. */
export async function makeChain(steps: Steps = {}): Promise<Chain> {
  const { world = emptyWorld(), names = { base: 'debian', runtime: 'node', prod: 'api' } } = steps;
  const base = await addImage(
    world,
    `base/${names.base}`,
    steps.baseImage ?? { layers: baseLayers, config: baseConfig },
  );
  const linkedBase = (steps.base ?? ((at, image) => link(at, image, 'platform/base', 'base-key')))(
    world,
    base,
  );
  (steps.approveBase ?? approveBase)(world, linkedBase);
  (steps.takeInBase ?? ((at, parent) => takeIn(at, parent, 'node-key')))(world, linkedBase);
  const node = await addImage(
    world,
    `runtime/${names.runtime}`,
    steps.nodeImage ?? { layers: nodeLayers, config: nodeConfig },
  );
  const linkedNode = (steps.node ?? ((at, image, parent) => linkNode(at, image, parent)))(
    world,
    node,
    linkedBase,
  );
  (steps.takeInNode ?? ((at, parent) => takeIn(at, parent, 'app-key')))(world, linkedNode);
  const app = await addImage(
    world,
    `prod/${names.prod}`,
    steps.appImage ?? { layers: appLayers, config: appConfig },
  );
  const linkedApp = (steps.app ?? ((at, image, parent) => linkApp(at, image, parent)))(
    world,
    app,
    linkedNode,
    linkedBase,
  );
  (steps.approveApp ?? approveApp)(world, linkedApp);
  return { world, base: linkedBase, node: linkedNode, app: linkedApp };
}

export function linkNode(
  world: World,
  image: CustodyImage,
  base: Built,
  change?: (link: LayerLink) => object,
): Built {
  return link(world, image, 'platform/node', 'node-key', base, change);
}

export function linkApp(
  world: World,
  image: CustodyImage,
  node: Built,
  change?: (link: LayerLink) => object,
): Built {
  return link(world, image, 'payments/app', 'app-key', node, change);
}

function approveBase(world: World, { image }: Built): void {
  approve(world, image, { stage: 'base', role: 'security', approver: 'alice' }, 'alice-key');
}

export function approveApp(world: World, { image }: Built): void {
  approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
  approve(world, image, { stage: 'app', role: 'release', approver: 'bob' }, 'bob-key');
}

/** Walks an image of this world as its registry would. */
export function walk(
  world: World,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
  change: Partial<ChainInput> & { readonly trust?: TrustSet } = {},
): Promise<CustodyReport> {
  const { trust = trustSet(), ...input } = change;
  return walkChain({
    repository,
    digest,
    layout,
    now,
    source: verifiedChain((name) => sourceOf(world, name), trust, input.now ?? now),
    ...input,
  });
}

/** Codes of what is against an image, each once. */
export function codesOf(report: CustodyReport): string[] {
  return [
    ...new Set([report, ...report.children].flatMap(({ problems }) => problems.map(({ code }) => code))),
  ].sort();
}

/** States what an index was assembled of. */
export function assemble(
  world: World,
  repository: string,
  index: Digest,
  manifests: ReadonlyArray<{ readonly digest: Digest; readonly platform: string }>,
  options: {
    readonly excluded?: readonly Digest[];
    readonly key?: string;
    readonly change?: (assembly: object) => object;
  } = {},
): SignedStatement {
  const { excluded = [], key = 'app-key', change = (same: object) => same } = options;
  const scope = { registry, repository };
  const predicate = makeAssembly({ scope, team: 'payments/app', manifests, excluded, ...periodOf(world) });
  return attach(
    world,
    { repository, digest: index },
    { predicateType: predicateTypes.assembly, predicate: change(predicate) },
    key,
  );
}

/** The chain ID of layers of these contents. */
export function chainIdOf(contents: readonly string[]): Digest {
  return chainIds(contents.map((content) => digestOf(content))).at(-1)!;
}

import type { Command } from 'commander';
import { rulesFor } from '@wharfinger/lib/assess/rules-for';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { formatPlatform } from '@wharfinger/lib/oci/descriptor';
import { registrySummaries } from '@wharfinger/lib/custody/registry-summaries';
import type { EvidenceReport, RefusedSignature, Signer } from '@wharfinger/lib/signing/evidence';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { displayable, shortDigest, type Style } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addJudgementOptions, type ImageOptions } from '../image-options.ts';
import { judgementFor } from '../local-judgement.ts';
import { withRemoteImage, type RemoteImage } from '../remote-image.ts';
import type { Run, Session } from '../session.ts';

/** One image, and the evidence of it. */
interface Node {
  readonly digest: Digest;
  readonly platform?: string;
  readonly evidence: EvidenceReport;
}

export function addTree(program: Command, run: Run): void {
  const command = program
    .command('tree')
    .summary('show all signatures and attestations of an image, and whose they are')
    .description(
      'Looks for every signature and attestation of an image in any registry, of an index those of its images too, verifies ' +
        'them by the keys or the judgement given, and says of each whose it is or why it does not count.',
    )
    .argument('<image>', 'host/repository:tag or host/repository@digest');
  addJudgementOptions(command)
    .addHelpText('after', '\nExample:\n  wharf tree localhost:5000/team/app:1.4 --key release.pub ci.pub')
    .action(run(tree));
}

async function tree(session: Session, options: ImageOptions, text: string): Promise<ExitCode> {
  const judgement = await judgementFor(options, session);
  return withRemoteImage(text, session, async (image) => {
    const repository = options.as ?? image.repository;
    const { trust } = rulesFor(judgement, repository, 'pull', session.now());
    const source = remoteEvidence(image.registry, image.repository);
    const nodes: Node[] = [];
    for (const node of nodesOf(image))
      nodes.push({ ...node, evidence: await verifyEvidence(node, source, trust, session.now()) });
    session.result({ image: image.name, nodes: nodes.map(withoutPredicates) }, () =>
      [displayable(image.name), ...nodes.map((node) => nodeText(node, session.style))].join('\n'),
    );
    return exitCodes.done;
  });
}

function nodesOf({ subject, manifest }: RemoteImage): Array<Omit<Node, 'evidence'>> {
  if (manifest.kind !== 'index') return [subject];
  const children = manifest.manifests.map(({ digest, platform }) => ({
    digest,
    ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
  }));
  return [subject, ...children];
}

/** What is said may be long, such as an SBOM; its type and digest tell what it is. */
function withoutPredicates({ evidence, ...node }: Node): object {
  const statements = evidence.statements.map(({ predicate: _predicate, ...statement }) => statement);
  return { ...node, evidence: { ...evidence, statements } };
}

function nodeText({ digest, platform, evidence }: Node, style: Style): string {
  const { valid, statements, refused, refusedStatements } = evidence;
  const summaries = registrySummaries(statements);
  const isSummary = new Set(summaries.map((one) => one.evidence));
  const lines = [
    ...valid.map((one) => `${style.green('signed')}    ${displayable(`${whose(one)}, ${where(one)}`)}`),
    ...statements
      .filter((one) => !isSummary.has(one.evidence))
      .map(
        (one) =>
          `${style.green('attested')}  ${displayable(`${one.predicateType} ${whose(one.signer)}, ${where(one)}`)}`,
      ),
    ...summaries.map(
      ({ by, timeVerified, about, evidence }) =>
        `${style.dim('summary')}   ${displayable(
          `${by} itself: the chain of custody of ${about} was complete at ${timeVerified}; whether it is now, wharf custody verify says, ${shortDigest(evidence)}`,
        )}`,
    ),
    ...[...refused, ...refusedStatements].map(
      (one) => `${style.yellow('no')}        ${displayable(`${where(one)}: ${one.reason}`)}`,
    ),
  ];
  const title = displayable(`${platform ?? 'image'} ${shortDigest(digest)}`);
  return [title, ...(lines.length === 0 ? ['nothing'] : lines).map((line) => `  ${line}`)].join('\n');
}

function whose({ key, principal, purposes, signedAt, identity, warnings = [] }: Signer): string {
  const who = principal === key ? key : `${key} of ${principal}`;
  const vouched = identity === undefined ? '' : `, ${identity.subject} by ${identity.issuer}`;
  const when = signedAt === undefined ? '' : `, at ${signedAt}`;
  return [`by ${who}${vouched}, for ${purposes.join(', ') || 'nothing'}${when}`, ...warnings].join('; ');
}

function where({ format, evidence }: Pick<RefusedSignature, 'format' | 'evidence'>): string {
  return `${format}, ${shortDigest(evidence)}`;
}

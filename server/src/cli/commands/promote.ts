import type { Command } from 'commander';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import { copyImage } from '@wharfinger/lib/client/copy';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import { z } from 'zod';
import { requireServer } from '../api-client.ts';
import { verdictShape } from '../api-shapes.ts';
import { displayable, formatTable, shortDigest } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { registrySession } from '../remote-image.ts';
import { parseImageReference, parseRepository } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';
import { verdictText } from '../verdict-text.ts';

const promotionShape = z.object({
  id: z.number(),
  from: z.string(),
  to: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  requestedBy: z.string(),
  requestedAt: z.string(),
  expires: z.string(),
  state: z.enum(['waiting', 'done', 'refused', 'cancelled', 'expired']),
  verdict: verdictShape.optional(),
  endedBy: z.string().nullish(),
  endedAt: z.string().optional(),
});
type Promotion = z.infer<typeof promotionShape>;
const listShape = z.object({ promotions: z.array(promotionShape), next: z.number().optional() });

const exits: Readonly<Record<Promotion['state'], ExitCode>> = {
  done: exitCodes.done,
  waiting: exitCodes.refused,
  refused: exitCodes.refused,
  cancelled: exitCodes.failed,
  expired: exitCodes.failed,
};

export function addPromote(program: Command, run: Run): void {
  program
    .command('promote')
    .summary('bring an image into another repository, by the rules of that one')
    .description(
      'Asks the registry to bring an image into another of its repositories, with everything that refers to it. It is ' +
        'judged as an image of the target, for promotion: what is held there waits for the evidence and approvals that its ' +
        'routines ask for, and follows by itself when they come; what is denied is refused. The tag stays, unless the target ' +
        'names another.',
    )
    .argument('<image>', 'host/repository:tag or host/repository@digest')
    .argument('<target>', 'host/repository, or host/repository:tag')
    .option(
      '--via <repository>',
      'where the target is another registry: a repository there that the image is copied into first, with all evidence',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  wharf promote localhost:5000/dev/app:1.4 localhost:5000/prod/app\n' +
        '  wharf promote registry.dev/team/app:1.4 registry.prod/team/app --via team/arrivals\n' +
        '  wharf promotions localhost:5000/prod/app',
    )
    .action(run(promote));
  program
    .command('promotions')
    .summary('list the promotions into a repository, and cancel one that waits')
    .description(
      'Lists the promotions into a repository, the newest first, with what those that wait are waiting for.',
    )
    .argument('<repository>', 'host/repository')
    .option('--cancel <id>', 'take back one that waits')
    .addHelpText('after', '\nExample:\n  wharf promotions localhost:5000/prod/app --cancel 7')
    .action(run(promotions));
}

interface PromoteOptions {
  readonly via?: string;
}

async function promote(
  session: Session,
  options: PromoteOptions,
  image: string,
  target: string,
): Promise<ExitCode> {
  const from = parseImageReference(image);
  const to = parseTarget(target);
  const there = from.registry === to.registry ? from : await copyOver(session, options, from, to.registry);
  const server = await requireServer(to.registry, session);
  const tag = to.tag ?? (from.digest === undefined ? from.tag : undefined);
  const promotion = await server.post(
    '/api/v1/promotions',
    {
      repository: there.repository,
      reference: there.reference,
      to: to.repository,
      tags: tag === undefined ? [] : [tag],
    },
    promotionShape,
  );
  session.result(promotion, () => {
    const { verdict } = promotion;
    const lines = [displayable(`Promotion ${promotion.id}: ${stateText(promotion)}`)];
    if (verdict && promotion.state !== 'done')
      lines.push(
        '',
        verdictText(`${to.registry}/${verdict.repository}@${verdict.digest}`, verdict, session.style),
      );
    return lines.join('\n');
  });
  return exits[promotion.state];
}

/** Copies an image and all that refers to it into a repository of another registry, which judges and promotes it there. */
async function copyOver(
  session: Session,
  { via }: PromoteOptions,
  { registry, repository, reference }: ReturnType<typeof parseImageReference>,
  target: string,
): Promise<{ readonly repository: string; readonly reference: string }> {
  if (via === undefined || !isRepositoryName(via))
    throw new WharfingerError('USAGE', {
      what: `${registry} and ${target} are two registries`,
      remedy: `name a repository of ${target} that the image is copied into first: --via REPOSITORY`,
    });
  const from = await registrySession(registry, session);
  const to = await registrySession(target, session);
  try {
    const content = remoteContent(from, repository);
    const options = { referrers: true };
    const { digest } = await copyImage(content, { session: to, repository: via }, reference, options);
    return { repository: via, reference: digest };
  } finally {
    await from.close();
    await to.close();
  }
}

async function promotions(
  session: Session,
  { cancel }: { cancel?: string },
  text: string,
): Promise<ExitCode> {
  const { registry, repository } = parseRepository(text);
  const server = await requireServer(registry, session);
  if (cancel !== undefined) {
    const id = Number(cancel);
    if (!Number.isSafeInteger(id) || id < 1)
      throw new WharfingerError('USAGE', {
        what: `${JSON.stringify(cancel)} is not the number of a promotion`,
      });
    const ended = await server.post('/api/v1/promotions/cancel', { id }, promotionShape);
    session.result(ended, () => displayable(`Promotion ${ended.id}: ${stateText(ended)}`));
    return exitCodes.done;
  }
  const answer = await server.get('/api/v1/promotions', { repository, limit: 100 }, listShape);
  session.result(answer, () =>
    answer.promotions.length === 0
      ? displayable(`Nothing was promoted into ${text}.`)
      : formatTable(
          ['ID', 'STATE', 'FROM', 'IMAGE', 'TAGS', 'BY', 'REQUESTED', 'WAITS FOR'],
          answer.promotions.map((promotion) => [
            String(promotion.id),
            promotion.state,
            promotion.from,
            shortDigest(promotion.digest),
            promotion.tags.join(' '),
            promotion.requestedBy,
            promotion.requestedAt,
            promotion.state === 'waiting' ? blockers(promotion).join(', ') : '',
          ]),
          session.style,
        ),
  );
  return exitCodes.done;
}

function parseTarget(text: string): { registry: string; repository: string; tag?: string } {
  const { registry, repository, tag, digest } = parseImageReference(text);
  if (digest !== undefined)
    throw new WharfingerError('USAGE', { what: `the target ${JSON.stringify(text)} must not name a digest` });
  return tag !== undefined && text.endsWith(`:${tag}`)
    ? { registry, repository, tag }
    : { registry, repository };
}

function stateText({ state, digest, from, to, tags }: Promotion): string {
  const what = `${shortDigest(digest)} of ${from}`;
  const where = tags.length === 0 ? to : tags.map((tag) => `${to}:${tag}`).join(', ');
  const texts: Readonly<Record<Promotion['state'], string>> = {
    done: `${what} is ${where} now.`,
    waiting: `${what} waits to become ${where}. It follows by itself when nothing holds it any more.`,
    refused: `${what} does not become ${where}.`,
    cancelled: `${what} was taken back and does not become ${where}.`,
    expired: `${what} has waited too long to become ${where}.`,
  };
  return texts[state];
}

function blockers({ verdict }: Promotion): string[] {
  return verdict?.reasons.filter(({ effect }) => effect !== 'warn').map(({ routine }) => routine) ?? [];
}

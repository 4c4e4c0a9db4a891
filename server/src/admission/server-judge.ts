import { Agent, request } from 'undici';
import { z } from 'zod';
import { remoteContent, type ContentSource } from '@wharfinger/lib/client/content-source';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import { noPlatform } from '@wharfinger/lib/assess/judge-content';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { formatReference, type Reference } from '@wharfinger/lib/oci/reference';
import { ofPlatform } from '@wharfinger/lib/oci/platform';
import { verdictAnswer } from '../cli/api-shapes.ts';
import { combineVerdicts, type Decision, type Judge } from './decision.ts';
import { readSignedAnswers, type AnswerTrust } from './signed-answers.ts';
import { signedDecision } from './signed-decision.ts';

/** A server that is asked, and as whom. */
export interface ServerJudgeOptions {
  readonly server: string;
  readonly platforms: readonly string[];
  readonly login: () => Promise<Credentials | undefined>;
  /** whose signature an answer must have; absent: whatever comes from that address is believed */
  readonly trust?: AnswerTrust;
}

/** Names the judgement that an answer was made by. */
interface JudgementName {
  readonly digest: string;
  readonly version: number;
}

/** Longer answers are not read. */
const longestAnswer = 8 * 1024 * 1024;

const errorBody = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().default('') }),
});

/** What a server says of what it judged by: the payload of the receipt that it signs. */
const receiptShape = z.object({
  predicate: z.object({
    purpose: z.literal('deploy'),
    judgement: z.object({ digest: z.string().refine(isDigest), version: z.number().int() }),
  }),
});

/**
 * A judge that asks a Wharfinger server, which resolves tags and knows the verdicts already. Once it judges by something newer,
 * what it said before does not count any more. Where keys are given, the receipts decide that they signed, and the manifest says
 * what an index holds: whoever stands between can hold answers back, and no more.
 */
export function makeServerJudge({ server, platforms, login, trust }: ServerJudgeOptions): Judge {
  const agent = new Agent({ connections: 16 });
  const read = trust && readSignedAnswers(trust);
  let latest: JudgementName = { digest: '', version: -1 };
  return {
    version: () => Promise.resolve(`${server} ${latest.digest}`),
    async judge(reference, signal) {
      const credentials = await login();
      const question = async (wanted: string): Promise<z.infer<typeof verdictAnswer>> => {
        const body = { repository: reference.repository, reference: wanted, purpose: 'deploy' };
        const address = new URL('/api/v1/decisions', server);
        const { status, text } = await ask(address, body, agent, credentials, signal);
        if (status !== 200) throw refusal(server, status, text, reference);
        const parsed = verdictAnswer.safeParse(parseJson(text));
        if (parsed.success) return parsed.data;
        throw failed(server, `its answer is not understood: ${z.prettifyError(parsed.error)}`);
      };
      const { decision, judgement } = read
        ? await withRepository(server, reference.repository, credentials, signal, (content) =>
            signedDecision(reference, {
              ask: async (wanted) => (await question(wanted)).receipt,
              read,
              content,
              platforms,
            }),
          )
        : unsignedDecision(
            await question(reference.digest ?? reference.tag ?? 'latest'),
            reference,
            platforms,
            server,
          );
      if (judgement.version >= latest.version) latest = judgement;
      return { ...decision, judgedBy: `${server} ${judgement.digest}` };
    },
  };
}

/** What an answer says, believed for where it comes from. */
function unsignedDecision(
  answer: z.infer<typeof verdictAnswer>,
  reference: Reference,
  platforms: readonly string[],
  server: string,
): { decision: Omit<Decision, 'judgedBy'>; judgement: JudgementName } {
  return {
    decision: decisionOf(answer, reference, platforms, server),
    judgement: judgementOf(answer.receipt?.payload, server),
  };
}

function decisionOf(
  { verdict, children }: z.infer<typeof verdictAnswer>,
  reference: Reference,
  platforms: readonly string[],
  server: string,
): Omit<Decision, 'judgedBy'> {
  const { digest, repository } = verdict;
  if (!isDigest(digest) || repository !== reference.repository) {
    throw failed(server, `it answered for ${repository}@${digest}, not for ${formatReference(reference)}`);
  }
  if (children === undefined) return combineVerdicts(digest, [{ verdict }]);
  const parts = platforms.flatMap((platform) => {
    // which of several an engine takes is its own affair
    const found = ofPlatform(children, platform);
    if (found.some(({ nested }) => nested !== true))
      return found.map((child) => ({ platform: child.platform ?? noPlatform, verdict: child.verdict }));
    throw new WharfingerError('MANIFEST_UNKNOWN', {
      what: `${formatReference(reference)} has no image for ${platform}`,
      remedy: 'push one, or take the platform from those of the nodes',
    });
  });
  return combineVerdicts(digest, [{ verdict }, ...parts]);
}

function judgementOf(payload: string | undefined, server: string): JudgementName {
  const text = Buffer.from(payload ?? '', 'base64').toString('utf8');
  const parsed = receiptShape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.predicate.judgement;
  throw failed(server, `its receipt is not understood: ${z.prettifyError(parsed.error)}`);
}

/** Works with a repository of the server, and ends what is under way when it takes too long. */
async function withRepository<T>(
  server: string,
  repository: string,
  credentials: Credentials | undefined,
  signal: AbortSignal,
  work: (content: ContentSource) => Promise<T>,
): Promise<T> {
  const { host, protocol } = new URL(server);
  const session = new RegistrySession(host, {
    insecure: protocol === 'http:',
    userAgent: 'wharfinger-admission',
    ...(credentials === undefined ? {} : { credentials }),
  });
  const abandon = (): void => void session.close().catch(() => {});
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await work(remoteContent(session, repository));
  } finally {
    signal.removeEventListener('abort', abandon);
    await session.close();
  }
}

async function ask(
  address: URL,
  question: object,
  agent: Agent,
  login: Credentials | undefined,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  try {
    const answer = await request(address, {
      method: 'POST',
      body: JSON.stringify(question),
      dispatcher: agent,
      signal,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'wharfinger-admission',
        ...authorization(login),
      },
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > longestAnswer) throw new Error(`its answer is longer than ${longestAnswer} bytes`);
      chunks.push(chunk);
    }
    return { status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw failed(address.origin, message || (code ?? 'no answer'), error);
  }
}

function authorization(login: Credentials | undefined): { authorization?: string } {
  if (login === undefined || 'identityToken' in login) return {};
  return { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };
}

function refusal(server: string, status: number, text: string, reference: Reference): WharfingerError {
  const parsed = errorBody.safeParse(parseJson(text));
  if (!parsed.success) return failed(server, `it answered ${status}`);
  const { code, message, remedy } = parsed.data.error;
  const what = `${formatReference(reference)}: ${server} says: ${message}`;
  if (code === 'MANIFEST_UNKNOWN' || code === 'NAME_UNKNOWN')
    return new WharfingerError(code, { what, remedy });
  return new WharfingerError('REMOTE_FAILED', { what, ...(remedy === '' ? {} : { remedy }) });
}

function failed(server: string, what: string, cause?: unknown): WharfingerError {
  return new WharfingerError('REMOTE_FAILED', { what: `${server}: ${what}`, cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

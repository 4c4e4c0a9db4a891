import { Agent, request } from 'undici';
import { z } from 'zod';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { formatReference, type Reference } from '@wharfinger/lib/oci/reference';
import { verdictAnswer } from '../cli/api-shapes.ts';
import { combineVerdicts, isPlatform, type Decision, type Judge } from './decision.ts';

/** A server that is asked, and as whom. */
export interface ServerJudgeOptions {
  readonly server: string;
  readonly platforms: readonly string[];
  readonly login: () => Promise<Credentials | undefined>;
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
 * what it said before does not count any more.
 */
export function makeServerJudge({ server, platforms, login }: ServerJudgeOptions): Judge {
  const agent = new Agent({ connections: 16 });
  let latest = { digest: '', version: -1 };
  return {
    version: () => Promise.resolve(`${server} ${latest.digest}`),
    async judge(reference, signal) {
      const address = new URL('/api/v1/decisions', server);
      const question = {
        repository: reference.repository,
        reference: reference.digest ?? reference.tag ?? 'latest',
        purpose: 'deploy',
      };
      const { status, text } = await ask(address, question, agent, await login(), signal);
      if (status !== 200) throw refusal(server, status, text, reference);
      const parsed = verdictAnswer.safeParse(parseJson(text));
      if (!parsed.success)
        throw failed(server, `its answer is not understood: ${z.prettifyError(parsed.error)}`);
      const judgement = judgementOf(parsed.data.receipt?.payload, server);
      if (judgement.version >= latest.version) latest = judgement;
      return {
        ...decisionOf(parsed.data, reference, platforms, server),
        judgedBy: `${server} ${judgement.digest}`,
      };
    },
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
  const parts = platforms.map((platform) => {
    const child = children.find(
      (one) => typeof one.platform === 'string' && isPlatform(one.platform, platform),
    );
    if (child !== undefined) return { platform, verdict: child.verdict };
    throw new WharfingerError('MANIFEST_UNKNOWN', {
      what: `${formatReference(reference)} has no image for ${platform}`,
      remedy: 'push one, or take the platform from those of the nodes',
    });
  });
  return combineVerdicts(digest, [{ verdict }, ...parts]);
}

function judgementOf(payload: string | undefined, server: string): { digest: string; version: number } {
  const text = Buffer.from(payload ?? '', 'base64').toString('utf8');
  const parsed = receiptShape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.predicate.judgement;
  throw failed(server, `its receipt is not understood: ${z.prettifyError(parsed.error)}`);
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

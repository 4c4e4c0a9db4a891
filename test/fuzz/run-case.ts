import { WharfingerError } from '@wharfinger/lib/errors';
import { change } from './change.ts';
import { makeRandom } from './random.ts';
import { textOf, type Claims, type Target } from './target.ts';

/** A target with all that its genuine documents say. */
export interface Prepared {
  readonly target: Target;
  readonly claims: ReadonlySet<string>;
}

/** What was wrong with one case. */
export interface Failure {
  readonly target: string;
  readonly index: number;
  readonly what: string;
  readonly document: Buffer;
}

/** `read`: something of it counts, and is genuine, or says nothing that is signed. */
export type Outcome = 'read' | 'refused' | Failure;

/** A reader that needs more for a document of at most 512 KiB can be stopped by one: seconds of the processor, bytes of memory. */
const most = { seconds: 20, bytes: 512 * 1024 * 1024 };

/** Reads all genuine documents of a target: who refuses them would refuse every change as well. */
export async function prepare(target: Target): Promise<Prepared> {
  const claims = new Set<string>();
  for (const [index, bytes] of target.genuine.entries()) {
    let read: Claims | undefined;
    try {
      read = await target.read(bytes);
    } catch (cause) {
      throw new Error(`${target.name} refuses its genuine document ${index}`, { cause });
    }
    for (const claim of read ?? []) {
      claims.add(textOf(claim));
      if (target.timeMayGo === true) claims.add(textOf({ ...(claim as object), signedAt: undefined }));
    }
  }
  return { target, claims };
}

/** Makes the document of one case: the same for the same seed, index and genuine documents. */
function documentOf({ target }: Prepared, seed: string, index: number): Buffer {
  const random = makeRandom(`${seed} ${target.name} ${index}`);
  return change(random.pick(target.genuine), random, [...target.genuine, ...(target.material ?? [])]);
}

/** Reads one changed document. */
export async function runCase(prepared: Prepared, seed: string, index: number): Promise<Outcome> {
  const { target, claims } = prepared;
  const document = documentOf(prepared, seed, index);
  const failed = (what: string): Failure => ({ target: target.name, index, what, document });
  const before = process.cpuUsage();
  const memory = process.resourceUsage().maxRSS;
  let outcome: Outcome;
  try {
    const read = await target.read(Buffer.from(document));
    const unknown = read?.map(textOf).find((claim) => !claims.has(claim));
    if (unknown !== undefined) {
      const genuine = [...claims].join('\n');
      return failed(`it took for signed what nobody signed so:\n${unknown}\ngenuine:\n${genuine}`);
    }
    outcome = read?.length === 0 ? 'refused' : 'read';
  } catch (error) {
    outcome = isRefusal(error, target) ? 'refused' : failed(`it threw ${describe(error)}`);
  }
  if (typeof outcome === 'object') return outcome;
  const { user, system } = process.cpuUsage(before);
  if (user + system > most.seconds * 1e6)
    return failed(`it took ${(user + system) / 1e6} seconds of the processor`);
  const grown = (process.resourceUsage().maxRSS - memory) * 1024;
  return grown > most.bytes ? failed(`it took ${grown} bytes of memory`) : outcome;
}

function isRefusal(error: unknown, { refuses }: Target): boolean {
  return error instanceof WharfingerError && refuses.includes(error.code);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof WharfingerError ? `${error.code}: ` : '';
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
  return `${code}${error.stack}${cause}`.slice(0, 6000);
}

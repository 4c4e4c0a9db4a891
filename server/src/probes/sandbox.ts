import { setTimeout as pause } from 'node:timers/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { ProbeLimits } from '@wharfinger/lib/probes/declaration';
import { z } from 'zod';
import {
  differsFromAsked,
  fillingContainer,
  labels as labelNames,
  probeContainer,
  subjectPath,
} from './container-request.ts';
import type { Engine } from './engine.ts';
import { imageTar, type ProbeImage } from './image-tar.ts';
import { readOutput } from './output.ts';

/** One run in a sandbox that is thrown away. */
export interface SandboxRun {
  readonly image: ProbeImage;
  /** what is mounted below `subjectPath`, as a tar */
  readonly subject: AsyncIterable<Uint8Array>;
  readonly limits: ProbeLimits;
  /** who made it, as labels say */
  readonly owner: string;
  readonly now: Date;
  /** true: the image of the probe stays in the engine for the next run */
  readonly keepImage: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a run: what was written by a probe that ended by itself with 0, or why there is nothing. */
export type SandboxOutcome = { readonly output: Buffer } | { readonly problem: string };

/** Loading an image and laying out another one may take this long, in milliseconds. */
const transferTime = 15 * 60_000;

/** How long a container that was killed may take to be gone, in milliseconds. */
const endTime = 30_000;

const created = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/), Warnings: z.array(z.string()).nullish() });
const waited = z.object({ StatusCode: z.number() });
const state = z.object({ State: z.object({ OOMKilled: z.boolean() }) });
const engineInfo = z.object({
  MemoryLimit: z.boolean(),
  SwapLimit: z.boolean(),
  PidsLimit: z.boolean().nullish(),
  CpuCfsQuota: z.boolean(),
  SecurityOptions: z.array(z.string()).nullish(),
});

/**
 * Runs a probe once. Whatever happens, its container and volume are removed before this returns or throws; if this very process
 * is killed, `removeLeftovers` finds them.
 *
 * @throws WharfingerError ENGINE_FAILED, PROBE_SUBJECT_UNREADABLE, what the image and the subject throw, and the reason of `signal`
 */
export async function runInSandbox(engine: Engine, run: SandboxRun): Promise<SandboxOutcome> {
  const { image, limits, signal } = run;
  await requireLimits(engine);
  await using made = new AsyncDisposableStack();
  const loaded = await ensureImage(engine, image, signal);
  if (loaded && !run.keepImage) made.defer(() => remove(engine, `/images/${image.configDigest}`));
  const lifetime = limits.seconds * 1000 + 2 * transferTime;
  const labels = {
    [labelNames.owner]: run.owner,
    [labelNames.until]: String(Math.ceil((run.now.getTime() + lifetime) / 1000)),
  };
  const volume = await createVolume(engine, labels);
  made.defer(() => remove(engine, `/volumes/${volume}?force=true`));
  const options = { image: image.configDigest, volume, limits, labels };
  await fill(engine, fillingContainer(options), run.subject, signal);
  const container = await createContainer(engine, probeContainer(options));
  made.defer(() => remove(engine, `/containers/${container}?force=true&v=true`));
  const { value } = await engine.ask({ method: 'GET', path: `/containers/${container}/json` });
  const difference = differsFromAsked(value, options);
  if (difference !== undefined)
    throw new WharfingerError('ENGINE_FAILED', {
      what: `${engine.address} did not make the sandbox that was asked for: ${difference}`,
      remedy: 'use an engine and a machine that have the limits that probes need',
    });
  // awaited here, so that nothing is put away before it has ended
  return await observe(engine, container, limits, signal);
}

/** Starts it, reads what it writes, and ends it when its time or its output is used up. */
async function observe(
  engine: Engine,
  container: string,
  limits: ProbeLimits,
  signal: AbortSignal | undefined,
): Promise<SandboxOutcome> {
  const path = `/containers/${container}`;
  const time = limits.seconds * 1000;
  const whole = time + endTime + 10_000;
  const stream = await engine.stream({
    method: 'POST',
    path: `${path}/attach?stream=1&stdout=1&stderr=1`,
    time: whole + 60_000,
    signal,
  });
  const ended = new AbortController();
  try {
    const reading = readOutput(stream, limits.output).then(
      (output) => ({ output }),
      () => ({ output: undefined, broken: 'the output broke off' }),
    );
    await engine.ask({ method: 'POST', path: `${path}/start`, signal });
    const exit = engine
      .ask({ method: 'POST', path: `${path}/wait`, time: whole, signal })
      .then(({ value }) => waited.parse(value).StatusCode);
    exit.catch(() => {});
    const late = pause(time, 'late' as const, { signal: ended.signal });
    late.catch(() => {});
    const excess = reading.then(({ output }) =>
      output ? new Promise<never>(() => {}) : ('excess' as const),
    );
    const first = await Promise.race([exit, late, excess]);
    if (typeof first === 'string') {
      await engine.ask({ method: 'POST', path: `${path}/kill` }, [404, 409]);
      if (first === 'late') return { problem: `it took longer than ${limits.seconds} seconds` };
      const read = await reading;
      if ('broken' in read) throw new WharfingerError('ENGINE_FAILED', { what: read.broken });
      return { problem: `it wrote more than the ${limits.output} bytes that it may` };
    }
    const read = await within(reading, endTime, { output: undefined, broken: 'the output did not end' });
    if ('broken' in read) throw new WharfingerError('ENGINE_FAILED', { what: read.broken });
    const { output } = read;
    if (output === undefined) return { problem: `it wrote more than the ${limits.output} bytes that it may` };
    if (first === 0) return { output: output.stdout };
    const { value } = await engine.ask({ method: 'GET', path: `${path}/json` });
    const { OOMKilled } = state.parse(value).State;
    if (OOMKilled) return { problem: `it needed more than the ${limits.memory} bytes of memory that it may` };
    const said = output.stderr.trim().slice(-500);
    return { problem: `it ended with the code ${first}${said === '' ? '' : `: ${said}`}` };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    ended.abort();
    stream.destroy();
  }
}

async function within<T>(work: Promise<T>, ms: number, otherwise: T): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work, pause(ms, otherwise, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}

/** An engine that cannot keep a limit says so once, here, rather than pass over it. */
async function requireLimits(engine: Engine): Promise<void> {
  const { value } = await engine.ask({ method: 'GET', path: '/info' });
  const read = engineInfo.safeParse(value);
  const lacks = read.success
    ? [
        ...(read.data.MemoryLimit ? [] : ['memory']),
        ...(read.data.SwapLimit ? [] : ['swap']),
        ...(read.data.PidsLimit === false ? ['processes'] : []),
        ...(read.data.CpuCfsQuota ? [] : ['processor time']),
        ...((read.data.SecurityOptions ?? []).some((one) => confines(one)) ? [] : ['system calls']),
      ]
    : ['anything'];
  if (lacks.length === 0) return;
  throw new WharfingerError('ENGINE_FAILED', {
    what: `${engine.address} cannot limit ${lacks.join(', ')}`,
    remedy:
      'use an engine on a machine with control groups for memory, processes and processor, and with seccomp',
  });
}

/** The engine's own profile for system calls; where it was told to have none, there is none. */
function confines(option: string): boolean {
  return option.startsWith('name=seccomp') && !option.includes('unconfined');
}

/**
 * Has the image in the engine, known by the digest of its config, which says what every layer unpacks to.
 * @returns true: it was not there before
 */
async function ensureImage(
  engine: Engine,
  image: ProbeImage,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const path = `/images/${image.configDigest}/json`;
  const known = await engine.ask({ method: 'GET', path }, [404]);
  if (known.status !== 404) return false;
  const body = imageTar(image);
  await engine.ask({ method: 'POST', path: '/images/load?quiet=1', body, time: transferTime, signal });
  const loaded = await engine.ask({ method: 'GET', path }, [404]);
  if (loaded.status === 404)
    throw new WharfingerError('PROBE_INVALID', {
      what: `the engine did not take it in as ${image.configDigest}: its layers are not what its config says`,
    });
  return true;
}

async function createVolume(engine: Engine, labels: Readonly<Record<string, string>>): Promise<string> {
  const path = '/volumes/create';
  const { value } = await engine.ask({ method: 'POST', path, body: { Driver: 'local', Labels: labels } });
  return z.object({ Name: z.string().regex(/^[a-zA-Z0-9][\w.-]+$/) }).parse(value).Name;
}

async function createContainer(engine: Engine, body: object): Promise<string> {
  const { value } = await engine.ask({ method: 'POST', path: '/containers/create', body });
  const { Id, Warnings } = created.parse(value);
  if ((Warnings ?? []).length === 0) return Id;
  await remove(engine, `/containers/${Id}?force=true&v=true`);
  throw new WharfingerError('ENGINE_FAILED', {
    what: `${engine.address} warns about the sandbox: ${Warnings!.join('; ').slice(0, 400)}`,
  });
}

async function fill(
  engine: Engine,
  container: object,
  subject: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = await createContainer(engine, container);
  try {
    const path = `/containers/${id}/archive?path=${subjectPath}&noOverwriteDirNonDir=true`;
    await engine.ask({ method: 'PUT', path, body: subject, time: transferTime, signal });
  } finally {
    await remove(engine, `/containers/${id}?force=true`);
  }
}

/** What is gone already is removed; so is what is just being removed. */
async function remove(engine: Engine, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { status, value } = await engine.ask({ method: 'DELETE', path }, [404, 409, 500]);
    if (status < 400 || status === 404) return;
    if (tries === 20)
      throw new WharfingerError('ENGINE_FAILED', {
        what: `${engine.address} cannot remove ${path.split('?')[0]}: ${JSON.stringify(value).slice(0, 300)}`,
      });
    await pause(500);
  }
}

const listed = z.object({ Labels: z.record(z.string(), z.string()).nullish() });
const containers = z.array(listed.extend({ Id: z.string() }));
const volumes = z.object({ Volumes: z.array(listed.extend({ Name: z.string() })).nullish() });

/**
 * Removes containers and volumes that an earlier process left behind: all of this owner, or those whose time is over.
 *
 * @param over absent: nothing of this owner is in use; else those that nobody needed after this time
 * @returns how many there were
 * @throws WharfingerError ENGINE_FAILED
 */
export async function removeLeftovers(engine: Engine, owner: string, over?: Date): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${labelNames.owner}=${owner}`] }));
  const isOver = ({ Labels }: z.infer<typeof listed>): boolean =>
    over === undefined || Number(Labels?.[labelNames.until] ?? 0) * 1000 < over.getTime();
  const found = await engine.ask({ method: 'GET', path: `/containers/json?all=true&filters=${filters}` });
  const left = containers.parse(found.value).filter(isOver);
  for (const { Id } of left) await remove(engine, `/containers/${Id}?force=true&v=true`);
  const kept = await engine.ask({ method: 'GET', path: `/volumes?filters=${filters}` });
  const unused = (volumes.parse(kept.value).Volumes ?? []).filter(isOver);
  for (const { Name } of unused) await remove(engine, `/volumes/${Name}?force=true`);
  return left.length + unused.length;
}

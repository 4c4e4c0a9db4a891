import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import { readDeclaration, type ProbeDeclaration, type ProbeLimits } from '@wharfinger/lib/probes/declaration';
import { readProbeOutput, type ProbeOutcome } from '@wharfinger/lib/probes/result';
import { subjectTar } from '@wharfinger/lib/probes/subject-tar';
import type { Engine } from './engine.ts';
import { runInSandbox } from './sandbox.ts';

/** What of an image a run reads. */
export type RunnableImage = Pick<ImageSource, 'digest' | 'manifest' | 'manifestBytes' | 'config' | 'layers'>;

/** A probe, and the image that it is run on. */
export interface ProbeQuestion {
  readonly probe: RunnableImage;
  readonly subject: RunnableImage;
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** Who runs probes, and what they may take. */
export interface ProbeRunner {
  readonly engine: Engine;
  /** what is made in the engine is labelled with it */
  readonly owner: string;
  /** a probe that declares to need more is not run; absent: whatever may be declared */
  readonly most?: Pick<ProbeLimits, 'memory' | 'seconds'>;
  /** true: images of probes stay in the engine for the next run */
  readonly keepImages: boolean;
}

/** What a probe said of itself, and what came of it. */
export interface RanProbe {
  readonly declaration: ProbeDeclaration;
  readonly outcome: ProbeOutcome;
}

/**
 * Runs a probe on an image. What the probe does wrong, and what is wrong with the image, is an outcome that is not complete; what fails
 * around them is thrown, and may work the next time.
 *
 * @throws WharfingerError PROBE_INVALID, ENGINE_FAILED; what the sources throw
 */
export async function runProbe(runner: ProbeRunner, question: ProbeQuestion): Promise<RanProbe> {
  const { probe, subject, now, signal } = question;
  const config = await probe.config();
  const declaration = readDeclaration(config);
  requireFits(declaration, runner.most);
  const tar = subjectTar({
    manifest: subject.manifestBytes,
    config: await subject.config(),
    layers: subject.layers,
  });
  try {
    const ran = await runInSandbox(runner.engine, {
      image: {
        digest: probe.digest,
        config,
        configDigest: probe.manifest.config.digest,
        layers: probe.layers,
      },
      subject: tar,
      limits: declaration.limits,
      owner: runner.owner,
      now,
      keepImage: runner.keepImages,
      signal,
    });
    if ('problem' in ran) return { declaration, outcome: { complete: false, problem: ran.problem } };
    return { declaration, outcome: readProbeOutput(ran.output, declaration) };
  } catch (error) {
    const cause = error instanceof WharfingerError ? unreadableSubject(error) : undefined;
    if (cause === undefined) throw error;
    return { declaration, outcome: { complete: false, problem: cause.message } };
  }
}

/** The image under test is read while the engine takes it in, so that what is wrong with it comes back from there. */
function unreadableSubject(error: unknown): WharfingerError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if (cause instanceof WharfingerError && cause.code === 'PROBE_SUBJECT_UNREADABLE') return cause;
  return undefined;
}

function requireFits({ limits }: ProbeDeclaration, most: ProbeRunner['most']): void {
  if (most === undefined) return;
  const over = (['memory', 'seconds'] as const).find((name) => limits[name] > most[name]);
  if (over === undefined) return;
  throw new WharfingerError('PROBE_INVALID', {
    what: `it declares to need ${over} of ${limits[over]}, and ${most[over]} is what there is here`,
    remedy: 'raise probes.memory or probes.time in the configuration, or build a probe that needs less',
  });
}

import { Writable } from 'node:stream';
import { readLayer } from '@wharfinger/lib/inspect/layer';
import { isForPlatform } from '@wharfinger/lib/oci/platform';
import type { Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { verifyImage } from '@wharfinger/lib/verify-image';
import { createProgram } from '../../server/src/cli/program.ts';
import { makeRun, type InspectLayers, type Surroundings } from '../../server/src/cli/session.ts';
import { admin } from '../../server/src/testing/running-server.ts';
import type { Setting } from './setting.ts';

/** A verdict without the moment that it was asked for at. */
type Timeless = Omit<Verdict, 'at'>;

/** What is said of an image, and of all that lies in an index, by digest. */
export interface Answer {
  readonly verdict: Timeless;
  readonly images: Readonly<Record<string, { readonly platform: string; readonly verdict: Timeless }>>;
}

/** Asks one surface about the image of a case; of an index about all of it, or what is for one platform. */
export type Surface = (
  setting: Setting,
  repository: string,
  purpose: Purpose,
  platform?: string,
) => Promise<Answer>;

/** As in the limited process, without the time that it takes to start one. */
const inspectHere: InspectLayers = async function* (inputs) {
  for (const { digest, source } of inputs) {
    if (!('stream' in source)) throw new Error('it is given as a stream');
    yield await readLayer({ digest, bytes: source.stream() });
  }
};

/** Where the command line runs: as in a process of its own, but for the process that takes layers apart. */
export function surroundingsOf(
  { files, now }: Setting,
  output = silent(),
  home = files.folder,
): Surroundings {
  return {
    output,
    error: silent(),
    environment: { HOME: home, PATH: process.env['PATH'] },
    inspectLayers: inspectHere,
    now,
  };
}

/** Everything that gives whole verdicts, by the name that failures show: the first is compared with all others. */
export const surfaces: Readonly<Record<string, Surface>> = {
  async registry({ server }, repository, purpose, platform) {
    const query = `repository=${repository}&reference=v1&purpose=${purpose}`;
    return answerOf((await server.call('GET', `/api/v1/verdict?${query}`, { as: admin })).text, platform);
  },
  async 'decision API'({ server }, repository, purpose, platform) {
    const body = { repository, reference: 'v1', purpose };
    return answerOf((await server.call('POST', '/api/v1/decisions', { as: admin, body })).text, platform);
  },
  async library({ plain, judgement, registryKey, advisories, now }, repository, purpose, platform) {
    const { verdict, images } = await verifyImage(`${plain}/${repository}:v1`, {
      judgement,
      registryKeys: [registryKey],
      now: now(),
      purpose,
      advisories,
      ...(platform === undefined ? {} : { platform }),
    });
    return { verdict: timeless(verdict), images: byDigest(images) };
  },
  'command line': (setting, repository, purpose, platform) => {
    const written: string[] = [];
    const surroundings = surroundingsOf(setting, collecting(written));
    return commandLine(setting, repository, purpose, platform, surroundings, written);
  },
};

/** The same in a process that takes layers apart, as users have it. */
export function realCommandLine(setting: Setting, repository: string): Promise<Answer> {
  const written: string[] = [];
  const { inspectLayers: _, ...surroundings } = surroundingsOf(setting, collecting(written));
  return commandLine(setting, repository, 'pull', undefined, surroundings, written);
}

async function commandLine(
  { plain, files }: Setting,
  repository: string,
  purpose: Purpose,
  platform: string | undefined,
  surroundings: Surroundings,
  written: readonly string[],
): Promise<Answer> {
  const program = createProgram(makeRun(surroundings, () => {}));
  const given = ['verify', `${plain}/${repository}:v1`, '--json', '--purpose', purpose];
  const judgement = ['--judgement', files.judgement, '--registry-key', files.registryKey];
  const more = [
    '--advisories',
    files.advisories,
    ...(platform === undefined ? [] : ['--platform', platform]),
  ];
  await program.parseAsync(['node', 'wharf', ...given, ...judgement, ...more]);
  const { verdict, images = [] } = JSON.parse(written.join('')) as {
    verdict: Verdict;
    images?: readonly Child[];
  };
  return { verdict: timeless(verdict), images: byDigest(images) };
}

interface Child {
  readonly digest: string;
  readonly platform?: string | null;
  readonly nested?: true;
  readonly verdict: Verdict;
}

/** What the server says, of an index with the images for a platform alone where one is asked for. */
function answerOf(text: string, platform: string | undefined): Answer {
  const { verdict, children = [] } = JSON.parse(text) as { verdict?: Verdict; children?: readonly Child[] };
  if (verdict === undefined) throw new Error(text);
  const counted = children.filter(
    (child) =>
      platform === undefined ||
      child.nested === true ||
      (typeof child.platform === 'string' && isForPlatform(child.platform, platform)),
  );
  return { verdict: timeless(verdict), images: byDigest(counted) };
}

function byDigest(images: readonly Child[]): Answer['images'] {
  return Object.fromEntries(
    images.map(({ digest, platform, verdict }) => [
      digest,
      { platform: platform ?? 'no platform', verdict: timeless(verdict) },
    ]),
  );
}

function timeless(verdict: Verdict): Timeless {
  return JSON.parse(JSON.stringify({ ...verdict, at: undefined })) as Timeless;
}

function collecting(written: string[]): NodeJS.WriteStream {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString('utf8'));
      done();
    },
  }) as unknown as NodeJS.WriteStream;
}

function silent(): NodeJS.WriteStream {
  return collecting([]);
}

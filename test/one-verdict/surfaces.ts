import { Writable } from 'node:stream';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { verifyImage } from '@wharfinger/lib/verify-image';
import { createProgram } from '../../server/src/cli/program.ts';
import { makeRun } from '../../server/src/cli/session.ts';
import { admin } from '../../server/src/testing/running-server.ts';
import type { Setting } from './setting.ts';

/** A verdict without the moment that it was asked for at, which differs. */
export type Answer = Omit<Verdict, 'at'>;

type Surface = (setting: Setting, repository: string) => Promise<Answer>;

/**
 * Everything that judges, by the name that failures show. To add a surface is to add a line: each gets the repository of a
 * case, and has the same image in the registry under test and in a plain one.
 */
export const surfaces: Readonly<Record<string, Surface>> = {
  async registry({ server }, repository) {
    const path = `/api/v1/verdict?repository=${repository}&reference=v1`;
    return timeless((await server.call('GET', path, { as: admin })).json().verdict);
  },
  async 'decision API'({ server }, repository) {
    const body = { repository, reference: 'v1', purpose: 'pull' };
    return timeless((await server.call('POST', '/api/v1/decisions', { as: admin, body })).json().verdict);
  },
  async library({ plain, judgement, registryKey, advisories }, repository) {
    const { verdict } = await verifyImage(`${plain}/${repository}:v1`, {
      judgement: await judgement(),
      registryKeys: [registryKey],
      now: new Date(),
      purpose: 'pull',
      advisories,
    });
    return timeless(verdict);
  },
  async 'command line'({ plain, files }, repository) {
    const written: string[] = [];
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString('utf8'));
        done();
      },
    }) as unknown as NodeJS.WriteStream;
    const surroundings = {
      output,
      error: output,
      environment: { HOME: files.folder, PATH: process.env['PATH'] },
    };
    const program = createProgram(makeRun(surroundings, () => {}));
    const given = ['verify', `${plain}/${repository}:v1`, '--json', '--judgement', files.judgement];
    const more = ['--registry-key', files.registryKey, '--advisories', files.advisories];
    await program.parseAsync(['node', 'wharf', ...given, ...more]);
    return timeless((JSON.parse(written.join('')) as { verdict: Verdict }).verdict);
  },
};

function timeless(verdict: Verdict): Answer {
  return JSON.parse(JSON.stringify({ ...verdict, at: undefined })) as Answer;
}

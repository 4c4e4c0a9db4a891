import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, words } from '../harness/command.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { freePort } from '../../lib/src/client/testing/free-port.ts';
import { until, visitor, type Told } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';
import { hostileBehaviours } from './hostile/behaviours.ts';
import { floods } from './hostile/floods.ts';
import { hidden } from './hostile/reports.ts';
import { startAdapters, type MadeAdapters } from './made-adapter.ts';
import { bindScanner, openSetting, type Setting, type ToldScan } from './setting.ts';

const MiB = 1 << 20;
const image = imageOf([smallRoot('hostile')]);
const secret = 'only-adapters-are-told-this';
const reader = { name: 'reader', password: 'reads-and-nothing-else' };

/** Reports that may be believed: what is odd about them hides nothing. */
const believed = ['from-the-future', 'no-time', 'another-repository', 'id-path-up', 'id-query'];
/** Reports with a finding, which decides whatever its severity is called. */
const found = Object.keys(hidden);

describe.skipIf(lacksTools(['openssl']))('an adapter that cannot be trusted', () => {
  let setting: Setting;
  let adapters: MadeAdapters;
  let overTls: MadeAdapters;
  const visits: string[] = [];
  const elsewhere = createServer((request, response) => {
    visits.push(request.url ?? '');
    response.end();
  });
  const behaviours = hostileBehaviours(
    () => `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`,
  );
  const names = [...Object.keys(behaviours), 'tls-unknown', 'nobody-listens'];
  const hopeless = names.filter((name) => ![...believed, ...found].includes(name));

  beforeAll(async () => {
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    adapters = await startAdapters({ ...behaviours, honest: {} });
    setting = await openSetting(() => ({}));
    const { url: registry } = setting.product;
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(setting.folder, name)) as [string, string];
    await run(words`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=scanner
      -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`);
    overTls = await startAdapters(
      { 'tls-unknown': {}, 'tls-known': {} },
      { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
    );
    const urls: Readonly<Record<string, string>> = {
      'tls-unknown': `${overTls.url}/tls-unknown`,
      'tls-known': `${overTls.url}/tls-known`,
      'nobody-listens': `http://127.0.0.1:${await freePort()}`,
    };
    const all = [...names, 'honest', 'tls-known'];
    await setting.product.stop();
    await setting.start({
      namespaces: [{ name: 'team', gate: 'warn' }],
      users: [{ ...reader, rights: [{ repositories: '**', actions: ['pull'] }] }],
      scanners: {
        concurrency: 16,
        run: all.map((name) => ({
          name,
          url: urls[name] ?? `${adapters.url}/${name}`,
          repositories: [`team/${name}`],
          auth: { type: 'basic', user: 'registry', secret },
          registry,
          // what is long, and what is to come to a report, has the time that it takes on a busy machine
          ...(name in floods || !hopeless.includes(name)
            ? { requestTime: '20s', time: '60s' }
            : { requestTime: '2s', time: '4s' }),
          ...(name === 'tls-known' && { ca: 'cert.pem' }),
        })),
      },
    });
    for (const name of all)
      await bindScanner(setting.admin, name, `team/${name}`, { severity: 'low', unscored: 'low' });
    for (const name of all) await setting.admin.push(`team/${name}`, image, 'v1');
  });
  afterAll(async () => {
    await setting?.[Symbol.asyncDispose]();
    await adapters?.[Symbol.asyncDispose]();
    await overTls?.[Symbol.asyncDispose]();
    elsewhere.close();
  });

  const ended = (name: string): Promise<ToldScan> =>
    setting.scanWhen(`team/${name}`, 'v1', name, ({ state }) => state !== 'none');
  /** One that may be believed is asked again where its answer came too late, as it may between all the others. */
  const reported = (name: string): Promise<ToldScan> =>
    setting.scanWhen(`team/${name}`, 'v1', name, ({ state }) => state === 'reported');
  const readable = async (name: string): Promise<number> =>
    (await visitor(setting.product.url, reader).send('GET', `/v2/team/${name}/manifests/v1`)).status;
  /** The verdict, once the routine knows how the scan ended. */
  const verdictOn = (name: string): Promise<Told> =>
    until(async () => {
      const query = { repository: `team/${name}`, reference: 'v1' };
      const { json } = await setting.admin.api<{ verdict?: Told }>('verdict', query);
      const waits = json.verdict?.reasons.some(({ message }) => message.includes('not checked yet'));
      return waits === false ? json.verdict : undefined;
    }, `the verdict on team/${name}`);

  it.each(['honest', 'tls-known'])('is told from an honest one: %s', async (name) => {
    expect(await reported(name)).toMatchObject({ state: 'reported', report: { findings: [] } });
    expect((await verdictOn(name)).passed).toContain('scanner-report');
    expect(await readable(name)).toBe(200);
  });

  it.each(hopeless)('never makes an image pass: %s', async (name) => {
    const { state, problem, report } = await ended(name);
    expect({ state, report }).toEqual({ state: 'failed', report: undefined });
    // a sentence of ours, in which nothing of theirs is told as it is
    expect(problem).toMatch(/^[ -~…]{10,500}$/);
    const { outcome, reasons } = await verdictOn(name);
    expect(outcome).toBe('hold');
    const [reason] = reasons.filter(({ effect }) => effect === 'hold');
    expect(reason).toMatchObject({ routine: 'scanner-report', message: expect.stringContaining(name) });
    expect(await readable(name)).toBe(403);
  });

  it.each(found)('hides no finding by its severity: %s', async (name) => {
    await ended(name);
    expect((await verdictOn(name)).outcome).toBe('hold');
    expect(await readable(name)).toBe(403);
  });

  it('does not make a report younger than it is', async () => {
    const { report } = await reported('from-the-future');
    expect(Date.parse(report!.asked)).toBeLessThanOrEqual(Date.now());
  });

  it('leads nobody elsewhere, by a redirect or by the id of a scan', async () => {
    await Promise.all(names.map(ended));
    expect(visits).toEqual([]);
    expect(adapters.strayed).toEqual([]);
    const paths = names
      .filter((name) => name.startsWith('id-'))
      .flatMap((name) => [...adapters.calls(name)!.paths].map((path) => `${name} ${path}`));
    const plain = /^id-[a-z-]+ (?:metadata|scan|scan\/[A-Za-z0-9._~%!'()*-]+\/report)$/;
    expect(paths.filter((path) => !plain.test(path))).toEqual([]);
  });

  it('is not asked without pause for a report that never comes', async () => {
    await Promise.all(names.map(ended));
    const often = names.filter((name) => (adapters.calls(name)?.report ?? 0) > 100);
    expect(often).toEqual([]);
  });

  it('brings no secret into logs, audit and answers', async () => {
    await Promise.all(names.map(ended));
    const secrets = [secret, Buffer.from(`registry:${secret}`).toString('base64')];
    for (const name of names.filter((one) => one.startsWith('echo-'))) {
      for (const { registry } of adapters.calls(name)!.scans) {
        const value = registry.authorization!.split(' ')[1]!;
        secrets.push(value, Buffer.from(value, 'base64').toString().split(':')[1] ?? value);
      }
    }
    expect(secrets.length).toBeGreaterThan(10);
    const { json: audit } = await setting.admin.api('audit', { limit: '1000' });
    const { json: scanners } = await setting.admin.api('scanners');
    const scans = await Promise.all(names.map((name) => setting.scansOf(`team/${name}`, 'v1')));
    const texts = [setting.product.log(), ...[audit, scanners, scans].map((one) => JSON.stringify(one))];
    const shown = secrets.filter((one) => texts.some((text) => text.includes(one)));
    expect(shown).toEqual([]);
  });

  it('leaves the server up, and small', async () => {
    await Promise.all(names.map(ended));
    expect((await setting.admin.send('GET', '/readyz')).status).toBe(200);
    const status = readFileSync(`/proc/${setting.product.pid}/status`, 'utf8');
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) * 1024;
    expect(peak).toBeLessThan(1024 * MiB);
  });
});

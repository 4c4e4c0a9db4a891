import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { pull, push, sign } from './client.ts';
import { makeTeams, showCustody } from './custody.ts';
import { buildImage, packRuntime } from './image.ts';
import { passwords, startRegistry, type User } from './registry.ts';
import { expectThat, runWharf, settled, shown, step, Surprise, typed, wharf } from './terminal.ts';

// The whole path of an image, from a push to a verdict that changes, and who answers for what is in it. Everything is real: the registry, the image, its
// packages, the advisories, the key. Everything lies in one temporary folder, which is removed at the end.

const repository = 'harbour/notices';
const advisories = { folder: join(import.meta.dirname, 'advisories') };
const allowed = 0;
const failed = 1;
const held = 3;

const folder = await mkdtemp(join(tmpdir(), 'wharfinger-demo-'));
const stops: Array<() => Promise<void>> = [() => rm(folder, { recursive: true, force: true })];
try {
  await demonstrate();
  console.log('\nEvery step came out as told.');
} catch (error) {
  console.error(
    `\nThis did not come out as told: ${error instanceof Surprise ? error.message : String(error)}`,
  );
  process.exitCode = 1;
} finally {
  for (const stop of stops.reverse()) await stop();
}

async function demonstrate(): Promise<void> {
  step(
    1,
    'A registry',
    'Images below harbour/ are official: held until they passed every check and are signed.',
  );
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyFile = join(folder, 'release.pub');
  await writeFile(keyFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
  typed('wharf serve --config wharfinger.yaml');
  const teams = await makeTeams(folder);
  const registry = await startRegistry(join(folder, 'registry'), keyFile, teams);
  stops.push(() => registry.stop());
  const { host } = registry;
  shown(`serves on ${host}`);
  const admin = await logIn('admin', host);
  const ci = await logIn('ci', host);
  const image = (tag: string) => `${host}/${repository}:${tag}`;

  step(
    2,
    'An advisory',
    'CVE-2021-44906, as published: minimist before 1.2.6 can be made to change any object.',
  );
  const first = 'GHSA-xvch-5gv4-984h.json';
  await wharf(admin, ['advisories', 'import', first, '--server', host], allowed, advisories);

  step(
    3,
    'A push',
    'A small application with minimist 1.2.5, on the runtime of this checkout. The push is taken in.',
  );
  const base = await packRuntime(join(folder, 'base'));
  const flawed = join(folder, '1.0');
  await buildImage(flawed, base, {
    version: '1.0',
    packages: { minimist: 'minimist-1.2.5', 'decode-uri-component': 'decode-uri-component-0.2.0' },
    user: '',
    created: new Date(),
  });
  typed(`docker push ${image('1.0')}`);
  await push('ci', host, repository, '1.0', flawed);
  shown('pushed');

  step(4, 'Held, and explained', 'The cluster is refused the image, and is told why.');
  await settled(ci, image('1.0'));
  await refused(host, '1.0', /minimist/);
  await wharf(ci, ['verdict', image('1.0')], held);

  step(5, 'Fixed', 'minimist 1.2.8, and no longer as root. What remains is that nobody signed it.');
  const fixed = join(folder, '1.1');
  const manifest = await buildImage(fixed, base, {
    version: '1.1',
    packages: { minimist: 'minimist', 'decode-uri-component': 'decode-uri-component-0.2.0' },
    user: '65532:65532',
    created: new Date(),
  });
  typed(`docker push ${image('1.1')}`);
  await push('ci', host, repository, '1.1', fixed);
  shown('pushed');
  await settled(ci, image('1.1'));
  await wharf(ci, ['verdict', image('1.1')], held);

  step(6, 'Signed and served', 'The release team signs with the key that the registry trusts for harbour/.');
  typed(`cosign sign --key release.key ${host}/${repository}@${manifest.digest}`);
  await sign('release', host, repository, manifest, key);
  shown('signed');
  await wharf(ci, ['verdict', image('1.1')], allowed);
  typed(`docker pull ${image('1.1')}`);
  const size = await pull('cluster', host, repository, '1.1');
  shown(`pulled, ${Math.round(size / 1e6)} MB`);

  step(7, 'Pinned', 'The deployment names the digest that passed, instead of a tag that can move.');
  const deployment = 'deployment.yaml';
  await writeFile(join(folder, deployment), deploymentOf(image('1.1')));
  await wharf(ci, ['pin', '--check', deployment], failed, { folder });
  await wharf(ci, ['pin', '--write', deployment], allowed, { folder });
  await wharf(ci, ['pin', '--check', deployment], allowed, { folder });
  const pinned = await readFile(join(folder, deployment), 'utf8');
  shown(pinned);
  expectThat(
    pinned.includes(`${image('1.1')}@${manifest.digest} # the notice board`),
    'the file is not pinned',
  );

  step(8, 'A new advisory', 'CVE-2022-38900 arrives, about decode-uri-component. No image is read again.');
  const second = 'GHSA-w573-4hg7-7wgq.json';
  await wharf(admin, ['advisories', 'import', second, '--server', host], allowed, advisories);
  await wharf(ci, ['verdict', image('1.1')], held);
  await refused(host, '1.1', /decode-uri-component/);
  await wharf(ci, ['findings', image('1.1')], allowed);

  const release = await logIn('release', host);
  await showCustody({ folder, host, logins: { admin, ci, release } });
}

/** Logs a user in; where the login lies. */
async function logIn(user: User, host: string): Promise<string> {
  const login = join(folder, 'logins', user);
  await mkdir(login, { recursive: true });
  typed(`wharf login ${host} --username ${user}`);
  const { code, output } = await runWharf(login, ['login', host, '--username', user, '--password-stdin'], {
    input: passwords[user],
  });
  shown(output.replaceAll(login, '~/.docker'));
  expectThat(code === 0, `the login of ${user} failed`);
  return login;
}

/** Demands that a pull is refused with this reason. */
async function refused(host: string, tag: string, reason: RegExp): Promise<void> {
  typed(`docker pull ${host}/${repository}:${tag}`);
  const answer = await pull('cluster', host, repository, tag).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (answer === undefined) throw new Surprise(`${tag} was served`);
  shown(answer.replace(/^.*?(?=403)/, ''));
  expectThat(reason.test(answer), `the refusal does not say ${reason.source}`);
}

function deploymentOf(image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: notices
spec:
  selector: { matchLabels: { app: notices } }
  template:
    metadata: { labels: { app: notices } }
    spec:
      containers:
        - name: notices
          image: ${image} # the notice board
          ports: [{ containerPort: 8080 }]
`;
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { verifyImage } from '@wharfinger/lib/verify-image';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushChecked } from '../testing/pushed-image.ts';
import { admin, adminPassword, startTestServer, until, type TestServer } from '../testing/running-server.ts';
import { wharf, type Ran } from './wharf.fixtures.ts';

const osv = {
  id: 'GHSA-left-left-left',
  aliases: ['CVE-2026-0001'],
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  summary: 'left does what it should not',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};

const time = '2026-02-01T00:00:00Z';
/** The same, as three standards say it. */
const documents = {
  openvex: {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://vex.example/1',
    author: 'The Vendor',
    timestamp: time,
    version: 1,
    statements: [
      {
        vulnerability: { name: 'CVE-2026-0001' },
        products: [{ '@id': 'pkg:npm/left' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
      },
    ],
  },
  cyclonedx: {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: 'urn:uuid:1',
    metadata: { timestamp: time, authors: [{ name: 'The Vendor' }] },
    components: [{ 'bom-ref': 'left', purl: 'pkg:npm/left@1.0.0' }],
    vulnerabilities: [
      {
        id: 'CVE-2026-0001',
        analysis: { state: 'not_affected', justification: 'code_not_reachable' },
        affects: [{ ref: 'left' }],
      },
    ],
  },
  csaf: {
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { name: 'The Vendor' },
      tracking: { id: 'VENDOR-1', status: 'final', current_release_date: time },
    },
    product_tree: {
      full_product_names: [
        { name: 'left', product_id: 'LEFT', product_identification_helper: { purl: 'pkg:npm/left' } },
      ],
    },
    vulnerabilities: [
      {
        cve: 'CVE-2026-0001',
        product_status: { known_not_affected: ['LEFT'] },
        flags: [{ label: 'vulnerable_code_not_present', product_ids: ['LEFT'] }],
      },
    ],
  },
};

let server: TestServer;
let image: string;
const judgement = ['--judgement', 'judgement.json', '--registry-key', 'registry.pub'];

async function run(...given: string[]): Promise<Ran> {
  return wharf(given, { environment: { HOME: server.folder }, folder: server.folder });
}
async function json(...given: string[]): Promise<Record<string, unknown>> {
  const { output, error } = await run(...given, '--json');
  if (output === '') throw new Error(error);
  return JSON.parse(output) as Record<string, unknown>;
}
const here = (command: string, ...more: string[]) =>
  json(command, image, '--advisories', 'osv.json', ...more);
const verdictOf = (answer: Record<string, unknown>) => ({
  ...(answer['verdict'] as { outcome: string }),
  at: undefined,
});

beforeAll(async () => {
  server = await startTestServer({ namespaces: [{ name: 'strict', gate: 'hold' }] });
  const post = async (path: string, body: object | string) => {
    const { status, text } = await server.call('POST', `/api/v1/${path}`, { as: admin, body });
    if (status !== 200) throw new Error(text);
  };
  await post('advisories', JSON.stringify(osv));
  await post('bindings', {
    id: 'believe',
    overlays: 'default/no-fixable-vulnerabilities',
    collection: 'standard',
    routine: 'no-fixable-vulnerabilities',
    parameters: { vexBy: ['user/admin', 'feed/vendor'] },
    scope: { repositories: ['strict/**'] },
    purposes: ['pull', 'deploy'],
    effect: 'hold',
  });
  await pushChecked(server, 'strict/app', 'v1', { packages: { left: '1.0.0' } });
  image = `${server.address}/strict/app:v1`;
  const login = ['login', server.address, '-u', 'admin', '--password-stdin'];
  await wharf(login, { environment: { HOME: server.folder }, input: adminPassword });
  await run('judgement', 'key', server.address, '-o', 'registry.pub');
  await run('judgement', 'export', server.address, '-o', 'judgement.json');
  await writeFile(join(server.folder, 'osv.json'), JSON.stringify(osv));
  for (const [name, document] of Object.entries(documents))
    await writeFile(join(server.folder, `${name}.json`), JSON.stringify(document));
});
afterAll(() => server?.[Symbol.asyncDispose]());

test.for(Object.keys(documents))('%s given as a file counts as it does in the registry', async (name) => {
  const vex = ['--vex', `${name}.json`, '--vex-by', 'user/admin'];
  const [found, judged] = [
    await here('findings', ...judgement, ...vex),
    verdictOf(await here('verdict', ...judgement, ...vex)),
  ];
  expect(judged.outcome).toBe('allow');
  const given = verdictOf(await here('verdict', ...judgement));
  expect(given.outcome).toBe('hold');

  const { error } = await run('vex', 'import', `${name}.json`, '--server', server.address);
  expect(error).toBe('');
  await until(async () => verdictOf(await json('verdict', image)).outcome === 'allow');
  const there = await json('findings', image);
  expect(found['findings']).toEqual(there['findings']);
  expect(JSON.stringify(there['findings'])).toContain('"by":"user/admin"');
  expect(judged).toEqual(verdictOf(await json('verdict', image)));

  const library = await verifyImage(image, {
    judgement: await readFile(join(server.folder, 'judgement.json')),
    registryKeys: [await readFile(join(server.folder, 'registry.pub'), 'utf8')],
    now: new Date(),
    purpose: 'pull',
    insecure: true,
    credentials: { username: 'admin', password: adminPassword },
    advisories: { records: () => [parseOsv(osv)] },
    vex: { documents: [await readFile(join(server.folder, `${name}.json`))], by: 'user/admin' },
  });
  expect(verdictOf({ verdict: library.verdict })).toEqual(judged);

  const listed = (await json('vex', 'ls', server.address)) as { records: Array<{ name: string }> };
  const remove = ['--server', server.address, '--reason', 'of this test'];
  for (const record of listed.records) await run('vex', 'remove', record.name, ...remove);
  await until(async () => verdictOf(await json('verdict', image)).outcome === 'hold');
});

test('counts by itself where no registry judges', async () => {
  const { output } = await run('findings', image, '--advisories', 'osv.json', '--vex', 'openvex.json');
  expect(output).toMatch(/VEX +SUMMARY\n.*not_affected, file/);
  expect(verdictOf(await here('verdict')).outcome).toBe('hold');
  expect(verdictOf(await here('verdict', '--vex', 'openvex.json')).outcome).toBe('allow');
  expect(JSON.stringify(await here('inspect', '--vex', 'openvex.json'))).toContain('"by":"file"');
});

test('counts for nothing where nobody believes who it is by, or another says worse', async () => {
  const said = async (...more: string[]) => verdictOf(await here('verdict', ...judgement, ...more)).outcome;
  expect(await said('--vex', 'openvex.json', '--vex-by', 'user/eve')).toBe('hold');
  const affected = structuredClone(documents.csaf) as { vulnerabilities: object[] };
  affected.vulnerabilities = [
    { cve: 'CVE-2026-0001', product_status: { known_affected: ['LEFT'] }, remediations: [] },
  ];
  const other = { ...affected, document: { ...documents.csaf.document, publisher: { name: 'Another' } } };
  await writeFile(join(server.folder, 'affected.json'), JSON.stringify(other));
  expect(await said('--vex', 'openvex.json', 'affected.json', '--vex-by', 'user/admin')).toBe('hold');
});

test('what cannot be used is no pass', async () => {
  await writeFile(join(server.folder, 'broken.json'), '{"@context": "https://openvex.dev/ns/v0.2.0"');
  const ran = async (...more: string[]) => run('verdict', image, '--advisories', 'osv.json', ...more);
  expect(await ran('--vex', 'broken.json')).toMatchObject({
    code: 1,
    error: expect.stringContaining('broken.json'),
  });
  expect(await ran('--vex', 'none.json')).toMatchObject({ code: 1, output: '' });
  expect(await ran('--vex', 'openvex.json', 'openvex.json')).toMatchObject({
    code: 1,
    error: expect.stringContaining('two documents https://vex.example/1'),
  });
  expect(await ran(...judgement, '--vex', 'openvex.json')).toMatchObject({
    code: 2,
    error: expect.stringContaining('--vex-by'),
  });
  expect(await ran('--vex-by', 'user/admin')).toMatchObject({ code: 2 });
  const offline = ['--registry-key', 'registry.pub', '--vex', 'openvex.json'];
  expect(await run('verify', '--offline', 'app.tar', ...offline)).toMatchObject({ code: 2 });
});

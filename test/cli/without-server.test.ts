import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { lacksTools, output } from '../requirements.ts';
import { advisoryFor, makeImage, type Made } from './small-image.ts';

let folder: string;
let environment: NodeJS.ProcessEnv;
let sound: Made;
let advisories: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-'));
  environment = { HOME: folder };
  sound = await makeImage(join(folder, 'sound'), { left: '1.0.0', right: '2.0.0' });
  advisories = join(folder, 'advisories.jsonl');
  writeFileSync(advisories, advisoryFor('TEST-1', 'left', '1.0.1'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('an image in a layout', () => {
  it('is shown: packages, layers, and nothing that controls the terminal', async () => {
    const { code, output } = await wharf(['inspect', sound.layout, '--packages'], { environment });
    expect(code).toBe(0);
    expect(output).toContain(sound.manifest.digest);
    expect(output).toMatch(/packages +2: 2 npm/);
    expect(output).toMatch(/npm +right +2\.0\.0 +0 +MIT/);
    expect(output).toContain(String.raw`COPY app\u{1b}[31m /app`);
    expect(output).not.toContain('\u001b');
  });

  it('gives a bill of materials', async () => {
    const file = join(folder, 'bill.json');
    expect((await wharf(['sbom', sound.layout, '-o', file], { environment })).code).toBe(0);
    const bill = JSON.parse(readFileSync(file, 'utf8')) as { components: Array<{ purl: string }> };
    expect(bill.components.map(({ purl }) => purl).sort()).toEqual([
      'pkg:npm/left@1.0.0',
      'pkg:npm/right@2.0.0',
    ]);
    const { output } = await wharf(['sbom', sound.layout], { environment });
    expect(JSON.parse(output)).toMatchObject({ bomFormat: 'CycloneDX' });
  });

  it('lists what advisories match', async () => {
    const { code, output } = await wharf(['findings', sound.layout, '--advisories', advisories, '--json'], {
      environment,
    });
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      judgedBy: 'local',
      digest: sound.manifest.digest,
      findings: [{ advisory: 'TEST-1', package: 'left', severity: 'critical', fixedIn: '1.0.1' }],
    });
  });

  it('is judged: 3 where something is against it, 4 where nobody knows, 0 where all is well', async () => {
    const known = await wharf(['verdict', sound.layout, '--advisories', advisories], { environment });
    expect(known.code).toBe(3);
    expect(known.output).toMatch(/held +left 1\.0\.0 has TEST-1 \(critical\), fixed in 1\.0\.1/);
    expect(known.output).toMatch(/to do: update the packages/);

    const unasked = await wharf(['verdict', sound.layout], { environment });
    expect(unasked.error).toMatch(/No advisories were imported.*wharf advisories import/);
    const unknown = await wharf(['verdict', sound.layout, '--json'], { environment });
    expect(unknown.code).toBe(4);
    expect(JSON.parse(unknown.output)).toMatchObject({
      verdict: {
        decided: false,
        outcome: 'hold',
        reasons: expect.arrayContaining([
          expect.objectContaining({ routine: 'no-fixable-vulnerabilities', state: 'undecided' }),
        ]),
      },
    });

    const other = join(folder, 'other.json');
    writeFileSync(other, advisoryFor('TEST-2', 'elsewhere', '9.0.0'));
    const well = await wharf(['verdict', sound.layout, '--advisories', other], { environment });
    expect(well).toMatchObject({ code: 0, output: expect.stringContaining('allowed') });
  });

  it('is judged by the advisories imported on this machine', async () => {
    const own = { HOME: join(folder, 'home') };
    await wharf(['advisories', 'import', advisories], { environment: own });
    expect((await wharf(['verdict', sound.layout], { environment: own })).code).toBe(3);
  });

  it('is not matched against a file of which something cannot be read', async () => {
    const broken = join(folder, 'broken.jsonl');
    writeFileSync(broken, `${advisoryFor('TEST-2', 'elsewhere', '9.0.0')}\n{"id":`);
    const { code, error } = await wharf(['verdict', sound.layout, '--advisories', broken], { environment });
    expect(code).toBe(1);
    expect(error).toContain('broken.jsonl');
  });

  it('that is cut off is never clean', async () => {
    const { layout } = await makeImage(join(folder, 'cut'), { left: '1.0.1' }, { cut: 700 });
    const inspected = await wharf(['inspect', layout], { environment });
    expect(inspected.output).toMatch(/INCOMPLETELY/);
    expect((await wharf(['verdict', layout, '--advisories', advisories], { environment })).code).toBe(3);
    expect((await wharf(['findings', layout, '--advisories', advisories], { environment })).code).toBe(4);
    expect((await wharf(['sbom', layout], { environment })).code).toBe(4);
  });

  it('is demanded to be signed with --key', async () => {
    const { code, error } = await wharf(['verify', sound.layout, '--key', advisories], { environment });
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('the key cannot be used') });
  });
});

it('names what is wrong with an image that is none', async () => {
  const { code, error } = await wharf(['inspect', join(folder, 'nothing.tar'), '--json'], { environment });
  expect(code).toBe(1);
  expect(JSON.parse(error)).toMatchObject({ error: { code: 'ARCHIVE_INVALID' } });
});

describe.skipIf(lacksTools(['skopeo']))('an archive', () => {
  it.each(['docker-archive', 'oci-archive'])('of the form %s holds the same packages', async (form) => {
    const file = join(folder, `${form}.tar`);
    output('skopeo', ['copy', `oci:${sound.layout}`, `${form}:${file}:made/by-test:1`]);
    const inspected = await wharf(['inspect', file, '--json'], { environment });
    expect(inspected.code).toBe(0);
    const { facts } = JSON.parse(inspected.output) as {
      facts: { inventory: { packages: Array<{ name: string }> } };
    };
    expect(facts.inventory.packages.map(({ name }) => name).sort()).toEqual(['left', 'right']);
  });
});

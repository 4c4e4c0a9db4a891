import { describe, expect, test } from 'vitest';
import { probeConfig, probeDeclaration } from './probe.fixtures.ts';
import { readDeclaration } from './declaration.ts';
import { readProbeOutput } from './result.ts';

const MiB = 1024 ** 2;

test('is read with its limits, and the usual ones where it names none', () => {
  const declared = readDeclaration(probeConfig(probeDeclaration({ limits: { seconds: 5, outputKiB: 8 } })));
  expect(declared).toMatchObject({
    name: 'secrets',
    version: '1.0.0',
    mediaType: 'application/json',
    limits: { seconds: 5, memory: 256 * MiB, processes: 64, output: 8192, scratch: 16 * MiB },
  });
});

test('the digest of a schema does not depend on how it is written', () => {
  const [one, other] = [probeDeclaration({}), probeDeclaration({})].map((declaration) =>
    readDeclaration(probeConfig(declaration)),
  );
  const { schema, ...rest } = probeDeclaration({});
  const turned = { ...rest, schema: Object.fromEntries(Object.entries(schema as object).reverse()) };
  expect(other!.schemaDigest).toBe(one!.schemaDigest);
  expect(readDeclaration(probeConfig(turned)).schemaDigest).toBe(one!.schemaDigest);
});

describe('is refused', () => {
  test.each([
    ['without a label', undefined, {}, 'it has no label'],
    ['as something else than JSON', 'yes', {}, 'is not valid JSON'],
    ['with a key twice', '{"name":"a","name":"b"}', {}, 'stands twice'],
    ['as a list', [], {}, 'must be a mapping'],
    ['with a field that is not known', probeDeclaration({ network: true }), {}, 'network is not known'],
    ['with a name of other characters', probeDeclaration({ name: 'Secrets!' }), {}, 'lower-case words'],
    ['with more time than there is', probeDeclaration({ limits: { seconds: 1e9 } }), {}, 'limits.seconds'],
    ['with an unknown limit', probeDeclaration({ limits: { cpus: 64 } }), {}, 'limits.cpus is not known'],
    ['with an output that is no JSON', probeDeclaration({ mediaType: 'text/html' }), {}, 'mediaType must be'],
    ['without findings', probeDeclaration({ schema: { type: 'object' } }), {}, 'schema.properties.findings'],
    [
      'with severities of its own',
      JSON.parse(JSON.stringify(probeDeclaration({})).replace('"critical"', '"dreadful"')),
      {},
      'must be an enum out of none, low, medium, high, critical',
    ],
    ['with a volume', probeDeclaration({}), { Volumes: { '/data': {} } }, 'declares volumes'],
    ['with nothing to run', probeDeclaration({}), { Entrypoint: [] }, 'neither entrypoint nor command'],
  ])('%s', (_, declaration, config, why) => {
    expect(() => readDeclaration(probeConfig(declaration, config))).toThrow(why);
  });
});

describe('output', () => {
  const declaration = readDeclaration(probeConfig(probeDeclaration({})));
  const read = (text: string) => readProbeOutput(Buffer.from(text), declaration);

  test('that is what is declared is the result', () => {
    const found = { findings: [{ rule: 'key', severity: 'high', path: 'a' }] };
    expect(read(JSON.stringify(found))).toEqual({ complete: true, result: found });
  });

  test.each([
    ['nothing', '', 'cannot be read'],
    ['text', 'all is well', 'cannot be read'],
    ['two documents', '{"findings":[]}{"findings":[]}', 'cannot be read'],
    ['a key twice', '{"findings":[{"rule":"x","severity":"high"}],"findings":[]}', 'stands twice'],
    ['bytes that are no UTF-8', '{"findings":[]}\u{0}'.replace('\u{0}', '\ud800'), 'cannot be read'],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'cannot be read'],
    ['another subject', '{"findings":[],"subject":"sha256:ab"}', 'which is not declared'],
    ['a statement', '{"_type":"https://in-toto.io/Statement/v1","findings":[]}', 'which is not declared'],
    ['a severity of its own', '{"findings":[{"rule":"x","severity":"fine"}]}', 'is none of'],
    ['null', 'null', 'is not an object'],
  ])('%s is no result', (_, text, why) => {
    const outcome = read(text);
    expect(outcome).toMatchObject({ complete: false });
    expect('problem' in outcome && outcome.problem).toContain(why);
  });
});

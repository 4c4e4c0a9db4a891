import { describe, expect, it } from 'vitest';
import { WharfingerError } from '../errors.ts';
import { digestOfCollection, loadCollection } from './collection.ts';
import { loadStandardCollection, standardCollectionText } from './standard.ts';
import { runRoutineTests } from './test-collection.ts';

/** A collection file with one routine; `lines` replace or add fields of the routine. */
function file(fields: Record<string, string> = {}): string {
  const all = {
    name: 'r',
    title: 'A title',
    description: 'A description',
    expression: "'true'",
    message: `'"no"'`,
    remedy: 'Do it',
    ...fields,
  };
  const lines = Object.entries(all).map(
    ([name, value], index) => `${index === 0 ? '  - ' : '    '}${name}: ${value}`,
  );
  return ['name: mine', 'version: 1.0.0', 'description: Mine', 'routines:', ...lines, ''].join('\n');
}

function mistakesOf(text: string): string {
  try {
    loadCollection(text);
  } catch (error) {
    if (error instanceof WharfingerError && error.code === 'ROUTINE_INVALID') return error.message;
    throw error;
  }
  return '';
}

describe('the standard collection', () => {
  const results = runRoutineTests(loadStandardCollection());

  it.each(results)('$routine: $test', ({ passed, mistake }) => {
    expect(mistake).toBeUndefined();
    expect(passed).toBe(true);
  });

  it('tests each of its routines at least four times, with a pass and a fail among them', () => {
    const thin = loadStandardCollection().routines.filter(({ tests }) => {
      const expected = new Set(tests.map((test) => test.expect));
      return tests.length < 4 || !expected.has('pass') || !expected.has('fail');
    });
    expect(thin.map((routine) => routine.name)).toEqual([]);
  });

  it('is named by the digest of its text', () => {
    expect(loadStandardCollection().digest).toBe(digestOfCollection(standardCollectionText));
    expect(digestOfCollection(`${standardCollectionText} `)).not.toBe(loadStandardCollection().digest);
  });
});

describe('loadCollection', () => {
  it('reads the same text once, and others whatever was read before', () => {
    const titles = Array.from({ length: 20 }, (_, at) => `Title ${at}`);
    const first = titles.map((title) => loadCollection(file({ title })));
    expect(first.map(({ routines }) => routines[0]!.title)).toEqual(titles);
    const again = titles.map((title) => loadCollection(file({ title })));
    expect(again).toEqual(first);
    expect(loadCollection(file({ title: titles.at(-1)! }))).toBe(again.at(-1));
  });

  it('reads a small collection, with its defaults', () => {
    const [routine] = loadCollection(file()).routines;
    expect(routine).toMatchObject({ name: 'r', appliesTo: ['image'], needs: [], parameters: {}, tests: [] });
  });

  it('names every mistake at once, with its line', () => {
    const message = mistakesOf(
      file({
        expression: "'findings.all(f, f.severty'",
        message: "'nope'",
        appliesTo: '[image, ship]',
        colour: 'red',
      }),
    );
    expect(message).toContain('line 8: routines[0].expression');
    expect(message).toContain('line 9: routines[0].message there is nothing called nope');
    expect(message).toContain('line 11: routines[0].appliesTo[1] must be one of image, index');
    expect(message).toContain('line 12: routines[0].colour is not known');
  });

  it.each([
    ['a missing field', file().replace('    remedy: Do it\n', ''), 'routines[0].remedy is missing'],
    ['a name twice', file() + file().split('routines:\n')[1], 'there are two routines called r'],
    ['a key twice', `${file()}name: again\n`, 'unique'],
    ['a key twice, as another type', `${file()}1: a\n'1': b\n`, 'unique'],
    ['a key that is a list', `${file()}? [a]\n: b\n`, 'must be strings'],
    ['an alias', file({ description: '&a x', title: '*a' }), 'alias'],
    ['an alias after its anchor', file({ title: '&a x', description: '*a' }), 'aliases'],
    ['a tag', file({ title: '!!js/function x' }), 'tag'],
    ['not YAML', '{', 'the routine is not valid'],
    ['a list', '- a', 'must be a mapping'],
    ['nothing', '', 'must be a mapping'],
    ['nesting', '['.repeat(100_000) + ']'.repeat(100_000), 'nested too deeply'],
    ['a huge file', 'x'.repeat(2_000_000), 'longer than'],
    ['a version', file().replace('1.0.0', 'newest'), 'version must be a version'],
    ['an unknown function', file({ expression: "'eval(image)'" }), 'there is no function eval'],
    [
      'a variable that hides a fact',
      file({ variables: "{ findings: '[]' }" }),
      'already something called findings',
    ],
    ['a variable used before it is there', file({ variables: "{ a: 'b', b: '1' }" }), 'nothing called b'],
    [
      'a default out of bounds',
      file({ parameters: '{ n: { type: integer, description: d, maximum: 3, default: 4 } }' }),
      'from',
    ],
    [
      'choices of a number',
      file({ parameters: '{ n: { type: integer, description: d, choices: [a], default: 4 } }' }),
      'does not go with',
    ],
    [
      'a test of an unknown fact',
      file({ tests: '[{ name: t, expect: pass, facts: { image: { sise: 1 } } }]' }),
      'facts.image.sise is not known',
    ],
    [
      'a test of a fact of another type',
      file({ tests: '[{ name: t, expect: pass, facts: { image: { size: big } } }]' }),
      'must be a whole number',
    ],
    [
      'a test with an unknown parameter',
      file({ tests: '[{ name: t, expect: pass, parameters: { n: 1 } }]' }),
      'there is no parameter n',
    ],
    [
      'a prototype as parameter',
      file({ tests: '[{ name: t, expect: pass, parameters: { constructor: 1 } }]' }),
      'there is no parameter constructor',
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(mistakesOf(text)).toContain(expected);
  });
});

describe('runRoutineTests', () => {
  it('tells what was expected and what came', () => {
    const text = file({ tests: '[{ name: t, expect: fail }, { name: u, expect: pass }]' });
    expect(runRoutineTests(loadCollection(text))).toEqual([
      {
        routine: 'r',
        test: 't',
        passed: false,
        expected: 'fail',
        actual: 'pass',
        mistake: 'expected fail, got pass',
      },
      { routine: 'r', test: 'u', passed: true, expected: 'pass', actual: 'pass' },
    ]);
  });

  it('compares the message', () => {
    const text = file({ expression: "'false'", tests: '[{ name: t, expect: fail, message: yes }]' });
    expect(runRoutineTests(loadCollection(text))[0]?.mistake).toBe(
      'it says "no", which does not contain "yes"',
    );
  });

  it('does not pass a routine without tests', () => {
    expect(runRoutineTests(loadCollection(file()))[0]).toMatchObject({ passed: false });
  });
});

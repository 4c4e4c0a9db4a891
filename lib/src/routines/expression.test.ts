import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluation } from './expression.ts';
import { planExpression } from './expression-plan.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { valueOfNow, variableNames, variablesOfFacts } from './fact-values.ts';

const now = valueOfNow(new Date('2026-01-01T00:00:00Z'));

function run(text: string, fragment: Record<string, unknown> = {}): Evaluation {
  const variables = { ...variablesOfFacts(factsFromFragment(fragment)), now };
  return evaluate(planExpression(text, variableNames), variables);
}

function valueOf(text: string, fragment: Record<string, unknown> = {}): unknown {
  const result = run(text, fragment);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function findings(count: number): Record<string, unknown> {
  return { findings: Array.from({ length: count }, (_, i) => ({ advisory: `CVE-${i}`, layer: i })) };
}

describe('an expression over facts', () => {
  it.each([
    ['whole numbers are int', 'image.size / 7 * 7 == 29999998'],
    ['a score is a double', 'findings[0].score > 9.5 && type_is_double', { findings: [{ score: 9.8 }] }],
    ['times are timestamps', 'image.config.created + duration("744h") == now'],
    ['parts of times are in UTC', 'image.config.created.getMonth() == 11 && now.getFullYear() == 2026'],
    ['absent fields are absent', '!has(findings[0].fixedIn) && !has(facts.held)', { findings: [{}] }],
    ['present fields are present', 'has(findings[0].fixedIn)', { findings: [{ fixedIn: '2' }] }],
    ['labels are a map', '"a" in image.config.labels && image.config.labels["a"] == "b"', label('a', 'b')],
    ['labels called as prototypes are not there', '!("constructor" in image.config.labels)'],
    ['fields called as prototypes are not there', '!has(image.constructor) && !has(image.toString)'],
    [
      'findings stand worst first',
      'findings[0].severity == "critical"',
      { findings: [{}, { severity: 'critical' }] },
    ],
    [
      'what stands twice is told once',
      '["b", "a", "b"].distinct() == ["b", "a"] && size([].distinct()) == 0',
    ],
    ['patterns match anywhere', '"abc".matches("b") && !"abc".matches("^b") && "ABC".matches("(?i)abc")'],
    ['severities have a rank', 'rank["critical"] > rank["high"] && !("unscored" in rank)'],
    [
      'lists of thousands can be built',
      'size(findings.filter(f, f.layer >= 0).map(f, f.layer)) == 6000',
      findings(6000),
    ],
    ['maps can be gone through', 'image.config.labels.all(name, name == "a")', label('a', 'b')],
  ])('%s', (_, text, fragment = {}) => {
    expect(valueOf(text.replace(' && type_is_double', ' && findings[0].score < 9.9'), fragment)).toBe(true);
  });

  it.each([
    ['a field that is not there', 'findings[0].nothing == ""', { findings: [{}] }],
    ['an optional field that is absent', 'findings[0].fixedIn == "1"', { findings: [{}] }],
    ['a fact that is absent', 'size(findings) == 0', { findings: null }],
    ['an element that is not there', 'findings[0].advisory == ""'],
    ['a key that is not there', 'image.config.labels["a"] == ""'],
    ['types that do not go together', 'image.size > "1"'],
    ['a condition that is no boolean', 'image.size ? true : true'],
    ['a division by zero', '1 / (image.size - image.size) == 0'],
    ['an overflow', '9223372036854775807 + image.size > 0'],
    ['a loop over a string', 'image.digest.all(c, true)'],
    ['a severity without a rank', 'rank["unscored"] > 0'],
    ['a time that is none', 'image.config.created < now', { image: { config: { created: 'yesterday' } } }],
    [
      'a time without a zone',
      'image.config.created < now',
      { image: { config: { created: '2025-01-01T00:00:00' } } },
    ],
    ['a fact of another type', 'image.size > 0', { image: { size: 'big' } }],
    ['a time zone', 'now.getHours("Europe/Berlin") > 0'],
    ['an error in the last element', '[1, 0].all(x, 1 / x > 0)'],
    ['a duplicate key', 'size({"a": 1, "a": 2}) > 0'],
  ])('is an error, not a value, for %s', (_, text, fragment: Record<string, unknown> = {}) => {
    expect(run(text, fragment).ok).toBe(false);
  });

  it.each([
    ['findings.all(f, f.nme == "")', 'true where there is nothing to ask', true],
    ['false && 1 / 0 > 0', 'false', false],
    ['1 / 0 > 0 || true', 'true', true],
    ['[0, 1].exists(x, 1 / x > 0)', 'true, for a later element decides', true],
  ])('%s is %s', (text, _, expected) => {
    expect(valueOf(text)).toBe(expected);
  });
});

function label(name: string, value: string): Record<string, unknown> {
  return { image: { config: { labels: { [name]: value } } } };
}

describe('an expression that costs too much', () => {
  const long = '"0123456789abcdef0123456789abcdef0123456789abcdef"';
  it.each([
    ['a loop over a long list in itself', 'findings.exists(a, findings.exists(b, a.layer + b.layer < 0))'],
    ['the same behind a true side', 'findings.all(a, findings.all(b, a.layer + b.layer >= 0)) || true'],
    ['the same in front of it', 'true && findings.all(a, findings.all(b, a.layer + b.layer >= 0)) || true'],
    ['a string that doubles', `[${long}]${'.map(a, a + a)'.repeat(30)}.exists(a, size(a) > 0)`],
    ['a list that doubles', `[[1]]${'.map(a, a + a)'.repeat(30)}.exists(a, size(a) > 0)`],
    [
      'shared lists that are compared',
      `[[1]]${'.map(a, [a, a])'.repeat(30)} == [[1]]${'.map(a, [a, a])'.repeat(30)}`,
    ],
    ['a search in a list for each element', 'findings.all(f, f in findings)'],
    ['joining', 'findings.map(f, findings.map(g, g.advisory).join(",")).join(",") == ""'],
    ['a conversion', `int(${long}${' + "0123456789abcdef0123456789abcdef"'.repeat(40)}) > 0`],
  ])('ends without a result: %s', (_, text) => {
    const result = run(text, findings(5000));
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? '' : result.error).toMatch(/costs more|longer than|Cannot convert/);
  });

  it.each([
    ['nested repetitions', '"a".matches("((a{100}){100}){100}")', /repeats too much/],
    ['a long pattern', `"a".matches("${'a?'.repeat(200)}")`, /longer than 256/],
  ])('refuses a pattern: %s', (_, text, expected) => {
    const result = run(text);
    expect(result.ok ? '' : result.error).toMatch(expected);
  });

  it.each([
    ['nested', 'image.digest.matches("^(([a-z0-9:])+.)+$")', true],
    ['alternatives', 'image.digest.matches("^(a|aa|a?)+$")', false],
  ])('matches in linear time what makes backtracking explode: %s', (_, text, expected) => {
    expect(valueOf(text, { image: { digest: `${'a'.repeat(5000)}!` } })).toBe(expected);
  });

  it('builds no string longer than 65,536 characters', () => {
    const doubled = (times: number): Evaluation => run(`size(["x"]${'.map(a, a + a)'.repeat(times)}[0]) > 0`);
    expect(doubled(16)).toEqual({ ok: true, value: true });
    expect(doubled(17)).toEqual({ ok: false, error: 'a string would become longer than 65536 characters' });
  });

  it('gives each evaluation a budget of its own', () => {
    run('findings.all(a, findings.all(b, true))', findings(5000));
    expect(run('findings.all(a, a.layer >= 0)', findings(5000))).toEqual({ ok: true, value: true });
  });

  it('judges tens of thousands of findings', () => {
    const text = 'findings.filter(f, has(f.fixedIn) && rank[f.severity] >= rank["high"] && f.since <= now)';
    expect(run(text, findings(60_000)).ok).toBe(true);
  });
});

describe('an expression that is refused', () => {
  it.each([
    ['an unknown name', 'imagee.size > 0', /nothing called imagee; there are facts, image/],
    ['an unknown function', 'fetch("http://example.com")', /no function fetch/],
    ['a function whose price cannot be told', '"%s".format([image])', /no function format/],
    ['a function of the planner', 'image.__not_strictly_false__(true)', /no function/],
    ['a protobuf type', 'google.protobuf.Timestamp{seconds: 1} == now', /no type/],
    ['three loops in each other', '[1].all(a, [1].all(b, [1].all(c, true)))', /more than 2 deep/],
    ['too many levels', `${'!'.repeat(3)}${'('.repeat(70)}true${' && true)'.repeat(70)}`, /deeper than 60/],
    ['brackets without end', '['.repeat(2000), /./],
    ['brackets in thousands', `${'['.repeat(2000)}${']'.repeat(2000)}`, /deep/],
    ['too much text', `"${'a'.repeat(5000)}" == ""`, /longer than 4096 bytes/],
    ['too many parts', `[${'1,'.repeat(700)}1] == []`, /more than 600/],
    ['two expressions', 'true; false', /1:5/],
    ['nothing', '', /./],
  ])('%s', (_, text, expected) => {
    expect(() => planExpression(text, variableNames)).toThrow(expected);
  });
});

import type { Random } from './random.ts';

const inserted = [
  '- *a',
  'a: &a [*a, *a]',
  '<<: *a',
  '? {a: b}',
  '!!binary AAAA',
  '!!js/function x',
  '&a a',
  '---',
  '...',
  '%YAML 1.3',
  '\t',
  '"\\u0000"',
  '{',
  '[',
  '['.repeat(5000),
  `${'- '.repeat(3000)}a`,
  'a: '.repeat(3),
  '# é',
  '- 1e400',
  '- .nan',
  '- 0x10',
  '- ~',
  '|\n  a',
  '>-\n\n',
];

/** One change of a text that knows lines and indentation, such as YAML. */
export function changeLines(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const lines = bytes.toString().split('\n');
  const others = other.toString().split('\n');
  const at = random.below(lines.length);
  const line = lines[at]!;
  const ways: ReadonlyArray<() => void> = [
    () => void lines.splice(at, 1),
    () => void lines.splice(at, 0, line),
    () => void lines.splice(at, 0, random.pick(inserted)),
    () => void lines.splice(at, 0, random.pick(others)),
    () => (lines[at] = `  ${line}`),
    () => (lines[at] = line.replace(/^ {1,2}/, '')),
    () =>
      (lines[at] = line.replace(
        /: .*/,
        `: ${random.pick([...inserted, 'null', 'true', '12', '1e9', "''"])}`,
      )),
    () => (lines[at] = line.replace(/[a-zA-Z]+/, random.pick(['__proto__', 'x', 'TRUE', 'expression', '']))),
    () =>
      (lines[at] =
        line +
        random.pick(['a'.repeat(20_000), ' && true', ' || 1 == 1', '.all(x, x == x)', ')', '(', '"', "'"])),
    () => void lines.splice(at, random.below(10), ...lines.slice(random.below(lines.length)).slice(0, 5)),
  ];
  random.pick(ways)();
  return Buffer.from(lines.join('\n'));
}

/** `node test/fuzz/run.ts`: fuzzes every reader of signed data for as long as wanted. See README.md of test/. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { targets as all } from './targets.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: randomBytes(6).toString('hex') },
    /** part of the names of targets */
    only: { type: 'string', default: '' },
    /** one case, or the first of `cases` */
    case: { type: 'string' },
    cases: { type: 'string' },
    /** where documents that failed are written to */
    folder: { type: 'string' },
  },
});
const targets = all.filter(({ name }) => name.includes(values.only));
console.log(`seed ${values.seed}, ${targets.length} readers`);
const one = values.case === undefined ? undefined : 1;
const cases = values.cases === undefined ? one : Number(values.cases);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const tried = await fuzz(targets, {
  seed: values.seed,
  signal: interrupted.signal,
  ...(values.case === undefined ? {} : { from: Number(values.case) }),
  ...(cases === undefined ? { seconds: Number(values.minutes) * 60 } : { cases }),
  onFailure({ target, index, what, document }) {
    console.log(`\n${target}, case ${index} of seed ${values.seed}: ${what}`);
    console.log(`again: node test/fuzz/run.ts --seed ${values.seed} --only '${target}' --case ${index}`);
    if (values.folder === undefined) return;
    mkdirSync(values.folder, { recursive: true });
    const file = join(values.folder, `${target.replaceAll(/[^A-Za-z0-9]+/g, '-')}-${index}`);
    writeFileSync(file, document);
    console.log(`the document: ${file}`);
  },
});
console.log('');
for (const { name, cases: count, read, time, failed } of tried)
  console.log(
    `${name.padEnd(52)} ${String(count).padStart(9)} cases ${String(read).padStart(8)} read ${(time / 60_000).toFixed(2).padStart(7)} min ${failed === 0 ? '' : `${failed} FAILED`}`,
  );
const sum = (of: (one: (typeof tried)[number]) => number): number =>
  tried.reduce((total, one) => total + of(one), 0);
console.log(
  `${sum(({ cases: count }) => count)} cases, ${(sum(({ time }) => time) / 60_000).toFixed(1)} minutes, ${sum(({ failed }) => failed)} failed`,
);
if (sum(({ failed }) => failed) > 0) process.exitCode = 1;

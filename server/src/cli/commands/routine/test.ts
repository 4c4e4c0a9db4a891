import type { Command } from 'commander';
import { runRoutineTests, type RoutineTestResult } from '@wharfinger/lib/routines/test-collection';
import { readCollectionFile } from '../../collection-argument.ts';
import { count, displayable, type Style } from '../../display.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';

interface FileResult {
  readonly file: string;
  readonly collection: string;
  readonly version: string;
  readonly digest: string;
  readonly tests: readonly RoutineTestResult[];
}

export function addRoutineTest(group: Command, run: Run): void {
  group
    .command('test')
    .summary('run the tests that routines carry')
    .description(
      'Reads collections of routines strictly, and runs the tests that they carry. No server is asked.',
    )
    .argument('<file...>', 'collections (YAML)')
    .addHelpText('after', '\nExample:\n  wharf routine test routines/*.yaml')
    .action(run(testRoutines));
}

async function testRoutines(session: Session, _options: object, files: string[]) {
  const results: FileResult[] = [];
  for (const file of files) {
    const collection = await readCollectionFile(file);
    const { name, version, digest } = collection;
    results.push({ file, collection: name, version, digest, tests: runRoutineTests(collection) });
  }
  const failed = results.flatMap(({ tests }) => tests).filter(({ passed }) => !passed).length;
  session.result({ files: results, failed }, () =>
    results.map((result) => fileText(result, session.style)).join('\n\n'),
  );
  return failed > 0 ? exitCodes.failed : exitCodes.done;
}

function fileText({ file, collection, version, tests }: FileResult, style: Style): string {
  const lines = tests.map(({ routine, test, passed, mistake }) => {
    const mark = passed ? style.green('passed') : style.red('failed');
    const why = mistake === undefined ? '' : `\n          ${displayable(mistake)}`;
    return `  ${mark}  ${displayable(test === '' ? routine : `${routine}: ${test}`)}${why}`;
  });
  const bad = tests.filter(({ passed }) => !passed).length;
  return [
    `${style.bold(displayable(file))}: ${displayable(`${collection} ${version}`)}`,
    ...lines,
    `  ${count(tests.length - bad, 'test')} passed, ${bad} failed`,
  ].join('\n');
}

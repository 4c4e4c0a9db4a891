import { evaluateRoutine, type RoutineResult } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import type { Collection, TestExpectation } from './routine.ts';

/** What came of one test of one routine. */
export interface RoutineTestResult {
  readonly routine: string;
  readonly test: string;
  readonly passed: boolean;
  readonly expected: TestExpectation;
  readonly actual: TestExpectation;
  /** what the routine said, where it said something */
  readonly message?: string;
  /** why the test did not pass */
  readonly mistake?: string;
}

const expectations: Readonly<Record<RoutineResult['state'], TestExpectation>> = {
  passed: 'pass',
  failed: 'fail',
  undecided: 'undecided',
  skipped: 'skipped',
};

/** Runs the tests that a collection carries. A routine without tests counts as one that does not pass. */
export function runRoutineTests(collection: Collection): readonly RoutineTestResult[] {
  return collection.routines.flatMap((routine): RoutineTestResult[] => {
    if (routine.tests.length === 0) {
      const mistake = 'the routine has no tests';
      return [
        { routine: routine.name, test: '', passed: false, expected: 'pass', actual: 'undecided', mistake },
      ];
    }
    return routine.tests.map((test) => {
      const facts = factsFromFragment(test.facts);
      const result = evaluateRoutine(routine, test.parameters, facts, new Date(test.now));
      const actual = expectations[result.state];
      const said = 'message' in result ? [result.message, ...result.details].join('\n') : undefined;
      const mistake =
        actual === test.expect
          ? test.message === undefined || said?.includes(test.message)
            ? undefined
            : `it says ${JSON.stringify(said ?? '')}, which does not contain ${JSON.stringify(test.message)}`
          : `expected ${test.expect}, got ${actual}`;
      return {
        routine: routine.name,
        test: test.name,
        passed: mistake === undefined,
        expected: test.expect,
        actual,
        ...(said === undefined ? {} : { message: said }),
        ...(mistake === undefined ? {} : { mistake }),
      };
    });
  });
}

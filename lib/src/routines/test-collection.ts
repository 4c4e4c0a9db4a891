import { evaluateRoutine, type RoutineResult } from './evaluate-routine.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { unitsSpent } from './expression-cost.ts';
import type { Collection, ParameterValues, Routine, RoutineTest, TestExpectation } from './routine.ts';
import { tighterValues } from './tightening.ts';

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

/** What the tests of one collection may cost together (expression-cost.ts): collections come from anywhere. */
const budgetOfTests = 50_000_000;

/**
 * Runs the tests that a collection carries. A routine without tests counts as one that does not pass, and so does each test for which
 * nothing is left of what all together may cost, and each that shows that a parameter does not tighten as it declares.
 */
export function runRoutineTests(collection: Collection): readonly RoutineTestResult[] {
  const before = unitsSpent();
  const isSpent = (): boolean => unitsSpent() - before > budgetOfTests;
  return collection.routines.flatMap((routine): RoutineTestResult[] => {
    if (routine.tests.length === 0) {
      const mistake = 'the routine has no tests';
      return [
        { routine: routine.name, test: '', passed: false, expected: 'pass', actual: 'undecided', mistake },
      ];
    }
    const results = routine.tests.map((test): RoutineTestResult => {
      if (isSpent()) return unrun(routine.name, test);
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
    return [...results, ...falseTightenings(routine, isSpent)];
  });
}

function unrun(routine: string, { name, expect }: RoutineTest): RoutineTestResult {
  const mistake = 'it was not run: the tests before it cost as much as all may together';
  return { routine, test: name, passed: false, expected: expect, actual: 'undecided', mistake };
}

/**
 * Where a parameter does not tighten the way that it declares: an image of a test that fails, and passes with a stricter value. Overlays
 * rely on the declaration.
 */
function falseTightenings(routine: Routine, isSpent: () => boolean): RoutineTestResult[] {
  return Object.entries(routine.parameters).flatMap(([name, declaration]) => {
    if (declaration.tightens === undefined) return [];
    const given = routine.tests
      .map(({ parameters }) => parameters[name])
      .filter((value) => value !== undefined);
    return routine.tests.flatMap((test): RoutineTestResult[] => {
      const value = test.parameters[name] ?? declaration.default;
      const facts = factsFromFragment(test.facts);
      const stateWith = (parameters: ParameterValues): RoutineResult['state'] =>
        evaluateRoutine(routine, parameters, facts, new Date(test.now)).state;
      if (isSpent() || stateWith(test.parameters) !== 'failed') return [];
      const looser = tighterValues(value, [declaration.default, ...given], declaration).find(
        (one) => !isSpent() && stateWith({ ...test.parameters, [name]: one }) === 'passed',
      );
      if (looser === undefined) return [];
      const mistake = `tightens: ${declaration.tightens} of the parameter ${name} is not true: with ${JSON.stringify(looser)} it passes`;
      return [
        { routine: routine.name, test: test.name, passed: false, expected: 'fail', actual: 'pass', mistake },
      ];
    });
  });
}

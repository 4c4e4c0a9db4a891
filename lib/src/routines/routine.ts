import type { Digest } from '../oci/digest.ts';
import type { SubjectKind } from './facts.ts';
import type { Effect, Purpose } from './verdict.ts';

/** One security policy: a CEL expression over facts, with what people need to understand and mend what fails it. */
export interface Routine {
  /** kebab-case; unique in its collection */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** kinds of content that it is about; others are passed over */
  readonly appliesTo: readonly SubjectKind[];
  /** facts without which it cannot be decided */
  readonly needs: readonly Need[];
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  /** CEL expressions with names of their own, for those below; each may use those before it */
  readonly variables: Readonly<Record<string, string>>;
  /** CEL; passes if and only if it gives true */
  readonly expression: string;
  /** CEL that gives a string: the sentence for what did not pass */
  readonly message: string;
  /** CEL that gives a list of strings: one line per fact that is against it */
  readonly details?: string;
  readonly remedy: string;
  /** CEL that gives a list of timestamps: when the result may change by time alone */
  readonly validUntil?: string;
  readonly tests: readonly RoutineTest[];
}

/** Facts that may be unknown; `config` is unknown where the image config could not be read. */
export type Need =
  | 'kind'
  | 'config'
  | 'inventory'
  | 'findings'
  | 'advisories'
  | 'signatures'
  | 'attestations'
  | 'custody'
  | 'probes'
  | 'scanners'
  | 'repository';

/** What a parameter may be. Durations are whole days, and reach the expression as CEL durations. */
export type ParameterDeclaration = {
  readonly description: string;
  /** absent: it is not known which of two values is stricter */
  readonly tightens?: Tightening;
} & (
  | { readonly type: 'string'; readonly choices?: readonly string[]; readonly default: string }
  | {
      readonly type: 'integer' | 'days';
      readonly minimum?: number;
      readonly maximum?: number;
      readonly default: number;
    }
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'strings'; readonly default: readonly string[] }
);

/**
 * How another value of a parameter makes its routine stricter: `up` a greater number, a later choice, true; `down` a smaller
 * number, an earlier choice, false; `more` a list with all elements and further ones; `fewer` a part of the list.
 */
export type Tightening = 'up' | 'down' | 'more' | 'fewer';

export type ParameterValue = string | number | boolean | readonly string[];
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** A test that travels with its routine. */
export interface RoutineTest {
  readonly name: string;
  /** merged into the facts of a faultless image; null takes a fact away */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly parameters: ParameterValues;
  /** RFC 3339 */
  readonly now: string;
  readonly expect: TestExpectation;
  /** the message, or a part of it */
  readonly message?: string;
}

export type TestExpectation = 'pass' | 'fail' | 'undecided' | 'skipped';

/** A versioned set of routines. */
export interface Collection {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly routines: readonly Routine[];
  /** what it was read from, byte for byte: the form in which it is kept and exchanged */
  readonly text: string;
  /** of the text */
  readonly digest: Digest;
}

/** Puts a routine to work on an image. Which repositories it is for, and when, was decided before. */
export interface Binding {
  /** of the record that it was made from, or of the default binding (`defaultBindingId`) */
  readonly id: string;
  readonly routine: Routine;
  /** those not given have their default */
  readonly parameters: ParameterValues;
  readonly effect: Effect;
  /** effect where the routine cannot be decided; absent: the same effect */
  readonly undecided?: Effect;
  readonly purposes: readonly Purpose[];
  /** RFC 3339: until then it only warns */
  readonly graceUntil?: string;
  /** why it cannot be carried out, which leaves it undecided; absent: it can */
  readonly mistake?: string;
}

import { displayable } from './display.ts';
import type { GivenUpShown } from './image-question.ts';

/** That work on an image is not tried any more, and what ends that. */
export function givenUpText({ id, kind, attempts }: GivenUpShown): string {
  return displayable(
    `The registry failed ${attempts} times at its ${kind} and has given up: an administrator has it tried again with wharf job retry ${id}.`,
  );
}

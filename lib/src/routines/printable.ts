/** Control characters, and those that turn the direction of writing or cannot be seen. */
const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * Text from an image made fit for a terminal and one line: what could steer the terminal or hide is written as \u{…}; longer
 * text ends in an ellipsis.
 */
export function printable(text: string, longest: number): string {
  const shown = text
    .slice(0, longest + 1)
    .replaceAll(hidden, (character) =>
      character === '\n' ? ' ' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
    );
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown;
}

import { styleText } from 'node:util';

/** Colours and weights that the output uses; each is the identity where colours are off. */
export type Style = Readonly<Record<'bold' | 'dim' | 'red' | 'yellow' | 'green', (text: string) => string>>;

/**
 * Colours are for people: only on a terminal, and not where NO_COLOR is set (https://no-color.org) or TERM is dumb.
 * @param wanted false: turned off by the caller
 */
export function chooseStyle(
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
  wanted: boolean,
): Style {
  const colours =
    wanted && stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  const paint = (format: keyof Style) => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    yellow: paint('yellow'),
    green: paint('green'),
  };
}

/**
 * Text from an image, a file or a server, fit for a terminal: control characters, and those that turn the direction
 * of writing, are shown as escapes, so that no name can move the cursor, change colours or hide itself.
 */
export function displayable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** `1 image`, `2 images`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural}`;
}

/** Bytes in decimal units, as registries and disks count them. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** Enough of a digest to recognise it on a screen. */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 12)}`;
}

/** A cell: text, and how it is painted once it was padded. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Columns under headings, padded with spaces; the last one is left as it is. Cells are made displayable. */
export function formatTable(
  headings: readonly string[],
  rows: ReadonlyArray<readonly Cell[]>,
  style: Style,
): string {
  const texts = rows.map((row) =>
    row.map((cell) => displayable(typeof cell === 'string' ? cell : cell.text)),
  );
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number) =>
    column === headings.length - 1 ? text : text.padEnd(widths[column]!);
  const lines = texts.map((row, index) =>
    row
      .map((text, column) => {
        const cell = rows[index]![column]!;
        return typeof cell === 'string' ? pad(text, column) : cell.paint(pad(text, column));
      })
      .join('  ')
      .trimEnd(),
  );
  return [style.dim(headings.map(pad).join('  ').trimEnd()), ...lines].join('\n');
}

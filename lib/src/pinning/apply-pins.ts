import { WharfingerError } from '../errors.ts';
import { digestAlgorithm, digestHex } from '../oci/digest.ts';
import type { Pin } from './image-use.ts';

/**
 * Writes digests into a text. Nothing outside of the ranges of the uses changes, not a byte: comments, quotes, indentation,
 * line ends stay as they are. A digest that is there is replaced.
 *
 * @param text the very text that the uses were found in
 * @throws WharfingerError PIN_REFUSED where a use cannot be pinned, two pins of one place differ, or the text is another one
 */
export function applyPins(text: string, pins: readonly Pin[]): string {
  const edits = new Map<number, { readonly end: number; readonly text: string }>();
  for (const pin of pins) {
    const { start, end } = pin.use.range;
    if (pin.use.skip !== undefined) refuse(pin, pin.use.skip);
    if (text.slice(start, end) !== pin.use.source) refuse(pin, 'the text has changed since it was read');
    const replacement = render(text, pin);
    const other = edits.get(start);
    if (other !== undefined && (other.end !== end || other.text !== replacement)) {
      refuse(pin, 'another use shares this text and has another digest');
    }
    edits.set(start, { end, text: replacement });
  }
  let result = '';
  let at = 0;
  for (const [start, edit] of [...edits].sort(([a], [b]) => a - b)) {
    result += text.slice(at, start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

function render(text: string, pin: Pin): string {
  const { source, form, range } = pin.use;
  // "digest:" without a value needs a space before the one that it gets.
  const lead = source === '' && text[range.start - 1] === ':' ? ' ' : '';
  if (form === 'suffix') return `${source.split('@', 1)[0]}@${pin.digest}`;
  if (form === 'digest') return `${lead}${pin.digest}`;
  if (digestAlgorithm(pin.digest) !== 'sha256') refuse(pin, 'this file has room for a sha256 digest only');
  return `${lead}${digestHex(pin.digest)}`;
}

function refuse(pin: Pin, what: string): never {
  throw new WharfingerError('PIN_REFUSED', { what: `line ${pin.use.line}, ${pin.use.reference}: ${what}` });
}

/** UTF-16 units of a name or a version, and of what else a record says of a package. */
const longest = { word: 500, text: 1000 };

/** True for a name or version such as people write: not empty, not endless, without control characters and halves of pairs. */
export function isPlainWord(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= longest.word &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
  );
}

/** The beginning of a text, on one line and without what cannot be shown. */
export function plainText(text: string): string {
  return text.slice(0, longest.text).replace(/[\p{Cc}\p{Cs}]+/gu, ' ');
}

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

/** A text on one line and without what cannot be shown; of a long one the beginning, which says that there is more. */
export function plainText(text: string): string {
  const short = text.length > longest.text ? `${text.slice(0, longest.text - 1)}…` : text;
  return short.replace(/[\p{Cc}\p{Cs}]+/gu, ' ');
}

const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A sequence of UTF-8 (RFC 3629, section 4) of more than one byte, or else one byte that belongs to none; of text read as Latin-1. */
const sequences =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|[\x80-\xff]/g;

/**
 * A name as text: UTF-8 where it is that; every byte that is part of none stands as U+DC80 to U+DCFF, so that distinct names
 * stay distinct, no byte is lost, and a name is the same text alone and as part of a path.
 */
export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at]! > 0x7f) return decodeWide(bytes, text);
  return text;
}

/** The bytes of a text that decodeName gave. */
export function encodeName(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts = text.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    // what stands between two parts of text is a byte
    parts.map((part, at) =>
      at % 2 === 0 ? Buffer.from(part, 'utf8') : Buffer.of(part.charCodeAt(0) & 0xff),
    ),
  );
}

function decodeWide(bytes: Buffer, latin1: string): string {
  try {
    return fatal.decode(bytes);
  } catch {
    return latin1.replaceAll(sequences, (sequence) =>
      sequence.length === 1
        ? String.fromCharCode(0xdc00 + sequence.charCodeAt(0))
        : Buffer.from(sequence, 'latin1').toString('utf8'),
    );
  }
}

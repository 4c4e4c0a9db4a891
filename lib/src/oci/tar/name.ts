const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A name as text: UTF-8 where it is that; else every byte above 0x7F stands as U+DC80 to U+DCFF, so that distinct names
 * stay distinct and no byte is lost.
 */
export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at]! > 0x7f) return decodeWide(bytes, text);
  return text;
}

/** The bytes of a text that decodeName gave. */
export function encodeName(text: string): Buffer {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.from(Array.from(text, (char) => char.charCodeAt(0) & 0xff));
}

function decodeWide(bytes: Buffer, latin1: string): string {
  try {
    return fatal.decode(bytes);
  } catch {
    return Array.from(latin1, (char) => {
      const code = char.charCodeAt(0);
      return code > 0x7f ? String.fromCharCode(0xdc00 + code) : char;
    }).join('');
  }
}

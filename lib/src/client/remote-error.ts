import { WharfingerError } from '../errors.ts';

/** What was asked of another registry. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
}

/** An address as it may be shown: without user, password and query, where tokens stand. */
function redactUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * A failure of the other side: what was asked, what it answered, in its own words.
 * @param status of the answer; absent where there was none
 */
export function remoteFailure(
  asked: Asked,
  what: string,
  options: { readonly status?: number; readonly cause?: unknown } = {},
): WharfingerError {
  const answer = options.status === undefined ? '' : `${options.status} `;
  const remedy =
    options.status === 401
      ? `log in to ${asked.url.host}, for example with wharf login ${asked.url.host}`
      : undefined;
  return new WharfingerError('REMOTE_FAILED', {
    what: `${asked.method} ${redactUrl(asked.url)}: ${answer}${what}`,
    detail: { status: options.status },
    cause: options.cause,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** The messages of an OCI error body (distribution specification, "Error Codes"); else the beginning of a text. */
export function errorMessage(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const errors: unknown = isObject(parsed) ? (parsed['errors'] ?? [parsed]) : [];
    const messages = (Array.isArray(errors) ? errors : []).filter(isObject).map((error) => {
      const { code, message, details } = error;
      return [code, message ?? details].filter((part) => typeof part === 'string' && part !== '').join(' ');
    });
    const said = messages.filter((message) => message !== '').join('; ');
    if (said !== '') return printable(said, 2000);
  } catch {
    // Proxies answer in HTML or plain text.
  }
  return printable(body, 200);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Terminals obey control characters: what others say is shown without them. */
function printable(text: string, most: number): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, most);
}

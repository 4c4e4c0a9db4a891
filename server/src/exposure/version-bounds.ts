import { versionOrder, type VersionOrder } from '@wharfinger/lib/advisories/versions/order';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';

/** A version that is asked for: `=` one, or all before, up to, after, or from it on. */
interface Bound {
  readonly operator: '=' | '<' | '<=' | '>' | '>=';
  readonly version: string;
}

/** Whether a version is asked for; undefined: that cannot be told. */
export type VersionTest = (ecosystem: string, version: string) => boolean | undefined;

const mostBounds = 10;

/**
 * Reads which versions are asked for: `1.2.3`, `<1.2.3`, or several that must all hold, `>=1.0,<1.2.3`. Versions are ordered as
 * their ecosystem orders them.
 * @throws WharfingerError INPUT_INVALID
 */
export function parseVersionBounds(text: string): VersionTest {
  const bounds = text.split(',').map(parseBound);
  if (bounds.length > mostBounds)
    throw new WharfingerError('INPUT_INVALID', { what: `version: more than ${mostBounds} bounds` });
  return (ecosystem, version) => {
    const order = versionOrder(ecosystem);
    let known: boolean | undefined = true;
    for (const bound of bounds) {
      const holds = holdsFor(bound, order, version);
      if (holds === false) return false;
      if (holds === undefined) known = undefined;
    }
    return known;
  };
}

function parseBound(text: string): Bound {
  const trimmed = text.trim();
  const operator = (['<=', '>=', '<', '>', '='] as const).find((one) => trimmed.startsWith(one));
  const version = trimmed.slice(operator?.length ?? 0).trim();
  if (version === '' || /\s/.test(version))
    throw new WharfingerError('INPUT_INVALID', {
      what: `version: ${JSON.stringify(text)} is no version, and no bound such as <1.2.3`,
    });
  return { operator: operator ?? '=', version };
}

function holdsFor(
  { operator, version: wanted }: Bound,
  order: VersionOrder | undefined,
  version: string,
): boolean | undefined {
  if (version === wanted) return operator.includes('=');
  let difference: number;
  try {
    if (order === undefined) return operator === '=' ? false : undefined;
    difference = order(version, wanted);
  } catch (error) {
    if (!isWharfingerError(error, 'VERSION_INVALID')) throw error;
    return operator === '=' ? false : undefined;
  }
  if (difference === 0) return operator.includes('=');
  if (operator === '=') return false;
  return operator.startsWith('<') ? difference < 0 : difference > 0;
}

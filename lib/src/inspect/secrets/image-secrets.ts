import { displayPath } from '../paths.ts';
import { secretSeverities, type SecretHit, type SecretSeverity } from './secret-facts.ts';

/** Where a secret stands: in a file of a layer, or in the configuration, which everybody can read who can pull. */
export const secretPlaces = ['file', 'environment', 'label', 'history', 'command'] as const;

/** A secret that an image holds, told without saying it. */
export interface ImageSecret extends SecretHit {
  readonly where: (typeof secretPlaces)[number];
  /** of a file, escaped for display; else the name of the variable or label, or which step of the history */
  readonly path: string;
  /** index of the layer whose bytes hold it, from 0; absent: the configuration does */
  readonly layer?: number;
  /** true: a later layer took the file away or replaced it, but whoever pulls the image gets it all the same */
  readonly deleted?: true;
}

/** Secrets in the layers and the configuration of an image. */
export interface ImageSecrets {
  /** false: there is something that was not looked at */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each severity, at least */
  readonly counts: Readonly<Record<SecretSeverity, number>>;
  /** the first ones, the worst before the others */
  readonly found: readonly ImageSecret[];
}

/** Secrets of an image that are listed. */
export const listedSecrets = 500;

/** Collects what is told of secrets. */
export class SecretList {
  readonly #found: ImageSecret[] = [];
  readonly #reasons = new Set<string>();

  /** @param secret its path not escaped yet */
  add(secret: ImageSecret): void {
    this.#found.push(secret);
  }

  /** Says why there may be more. */
  lacks(reason: string): void {
    this.#reasons.add(reason);
  }

  finish(): ImageSecrets {
    const reason = [...this.#reasons].join('; ');
    const counts = Object.fromEntries(
      secretSeverities.map((one) => [one, this.#found.filter(({ severity }) => severity === one).length]),
    ) as ImageSecrets['counts'];
    const rank = (secret: ImageSecret): number => -secretSeverities.indexOf(secret.severity);
    const found = this.#found
      .toSorted((a, b) => rank(a) - rank(b) || compare(a.path, b.path) || (a.layer ?? -1) - (b.layer ?? -1))
      .slice(0, listedSecrets)
      .map((secret) => ({ ...secret, path: displayPath(secret.path) }));
    return { complete: reason === '', ...(reason === '' ? {} : { reason }), counts, found };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { GenerationElement } from './generation.ts';

/** What is known of a CVE besides what its advisories say. */
export interface Threat {
  /** it is exploited, as a catalogue such as CISA's KEV says; absent: none does */
  readonly exploited?: Exploited;
  /** how likely it is to be exploited within 30 days, by EPSS; absent: it is not scored */
  readonly epss?: Epss;
}

export interface Exploited {
  /** RFC 3339: when it was entered in the catalogue */
  readonly added: string;
  /** RFC 3339: by when the catalogue demands that it is mended */
  readonly due?: string;
}

/**
 * A score of EPSS, each number rounded down to a step (`scoreSteps`, `percentileSteps`). EPSS is computed anew every day, and
 * nearly every number moves a little: only what passes a step is a change, and only steps can be asked for.
 */
export interface Epss {
  readonly score: number;
  readonly percentile: number;
}

/** Probabilities that count; a score between two counts as the lower one. */
const scoreSteps = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;

const percentileSteps = [0, 0.5, 0.75, 0.9, 0.95, 0.99] as const;

/** A score as it counts. */
export function steppedEpss(score: number, percentile: number): Epss {
  return { score: stepBelow(score, scoreSteps), percentile: stepBelow(percentile, percentileSteps) };
}

function stepBelow(value: number, steps: readonly number[]): number {
  return steps.findLast((step) => step <= value) ?? 0;
}

const cveName = /^CVE-[0-9]{4}-[0-9]{4,19}$/;

/** True for what can be looked up among threats. */
export function isCve(name: string): boolean {
  return cveName.test(name);
}

/** What several sources say of one CVE: exploited since the first of them says so, as likely as the highest says. */
export function joinThreats(threats: Iterable<Threat>): Threat {
  let exploited: Exploited | undefined;
  let epss: Epss | undefined;
  for (const threat of threats) {
    if (threat.exploited && isEarlier(threat.exploited, exploited)) exploited = threat.exploited;
    if (threat.epss)
      epss = {
        score: Math.max(threat.epss.score, epss?.score ?? 0),
        percentile: Math.max(threat.epss.percentile, epss?.percentile ?? 0),
      };
  }
  return { ...(exploited && { exploited }), ...(epss && { epss }) };
}

function isEarlier(one: Exploited, other: Exploited | undefined): boolean {
  if (other === undefined || one.added < other.added) return true;
  return one.added === other.added && (one.due ?? '~') < (other.due ?? '~');
}

/** What of a threat counts in the generation. Ids of advisories are printable, so that no record can take its place. */
export function threatElement(cve: string, { exploited, epss }: Threat): GenerationElement {
  const value = [
    exploited?.added ?? null,
    exploited?.due ?? null,
    epss?.score ?? null,
    epss?.percentile ?? null,
  ];
  return { id: `\0threat ${cve}`, matchHash: '', weightHash: JSON.stringify(value) };
}

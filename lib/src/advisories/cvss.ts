import type { Severity } from './advisory.ts';

type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

const weights3: Weights = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
};
const privileges3: Weights = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
};
const weights2: Weights = {
  AV: { N: 1, A: 0.646, L: 0.395 },
  AC: { L: 0.71, M: 0.61, H: 0.35 },
  Au: { N: 0.704, S: 0.56, M: 0.45 },
  C: { C: 0.66, P: 0.275, N: 0 },
  I: { C: 0.66, P: 0.275, N: 0 },
  A: { C: 0.66, P: 0.275, N: 0 },
};

/**
 * The base score of a CVSS vector of version 3.0, 3.1 (specification, section 7.1) or 2 (guide, section 3.2.1), 0 to 10.
 * Undefined for a vector of another version (a score of 4.0 needs its table of 270 macro vectors) and for one that is broken.
 */
export function baseScore(vector: string): number | undefined {
  const text = vector.trim().replace(/^\(|\)$/g, '');
  const version = /^CVSS:([0-9.]+)\//.exec(text)?.[1];
  const metrics = readMetrics(version === undefined ? text : text.slice(6 + version.length));
  if (metrics === undefined) return undefined;
  if (version === '3.0' || version === '3.1') return score3(metrics);
  return version === undefined || version === '2.0' ? score2(metrics) : undefined;
}

/** The qualitative scale of CVSS 3 (specification, section 5), used for scores of version 2 as well. */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'none';
}

function readMetrics(text: string): ReadonlyMap<string, string> | undefined {
  const metrics = new Map<string, string>();
  for (const part of text.split('/')) {
    const colon = part.indexOf(':');
    if (colon < 1 || metrics.has(part.slice(0, colon))) return undefined;
    metrics.set(part.slice(0, colon), part.slice(colon + 1));
  }
  return metrics;
}

/** The weights of these metrics, or undefined if one is missing or has a value that does not exist. */
function weigh(
  metrics: ReadonlyMap<string, string>,
  table: Weights,
): Readonly<Record<string, number>> | undefined {
  const found: Record<string, number> = {};
  for (const [metric, values] of Object.entries(table)) {
    const weight = values[metrics.get(metric) ?? ''];
    if (weight === undefined) return undefined;
    found[metric] = weight;
  }
  return found;
}

function score3(metrics: ReadonlyMap<string, string>): number | undefined {
  const scope = metrics.get('S') ?? '';
  const privileges = privileges3[scope]?.[metrics.get('PR') ?? ''];
  const weight = weigh(metrics, weights3);
  if (weight === undefined || privileges === undefined) return undefined;
  const { AV = 0, AC = 0, UI = 0, C = 0, I = 0, A = 0 } = weight;
  const changed = scope === 'C';
  const subScore = 1 - (1 - C) * (1 - I) * (1 - A);
  const impact = changed ? 7.52 * (subScore - 0.029) - 3.25 * (subScore - 0.02) ** 15 : 6.42 * subScore;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * AV * AC * privileges * UI;
  return roundUp(Math.min((changed ? 1.08 : 1) * (impact + exploitability), 10));
}

/** Up to one decimal, on integers, so that 4.000000001 does not become 4.1 (specification 3.1, appendix A). */
function roundUp(value: number): number {
  const scaled = Math.round(value * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}

function score2(metrics: ReadonlyMap<string, string>): number | undefined {
  const weight = weigh(metrics, weights2);
  if (weight === undefined) return undefined;
  const { AV = 0, AC = 0, Au = 0, C = 0, I = 0, A = 0 } = weight;
  const impact = 10.41 * (1 - (1 - C) * (1 - I) * (1 - A));
  const exploitability = 20 * AV * AC * Au;
  const score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176);
  return Math.max(0, Math.round(score * 10) / 10);
}

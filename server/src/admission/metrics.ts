import type { Phase } from './admit.ts';
import type { DeciderCounts } from './decide.ts';

/** What is counted of reviews: `phase allowed|refused` → how many. */
export type ReviewCounts = Map<string, number>;

export function countReview(counts: ReviewCounts, phase: Phase, allowed: boolean): void {
  const key = `phase="${phase}",answer="${allowed ? 'allowed' : 'refused'}"`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The counts in the text format of Prometheus. */
export function formatMetrics(reviews: ReviewCounts, decisions: DeciderCounts): string {
  const lines = [
    '# HELP wharfinger_admission_reviews_total Reviews answered.',
    '# TYPE wharfinger_admission_reviews_total counter',
  ];
  for (const [labels, count] of reviews) lines.push(`wharfinger_admission_reviews_total{${labels}} ${count}`);
  for (const [name, help] of Object.entries(helps) as Array<[keyof DeciderCounts, string]>) {
    const full = `wharfinger_admission_${name}_total`;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} counter`, `${full} ${decisions[name]}`);
  }
  return `${lines.join('\n')}\n`;
}

const helps: Readonly<Record<keyof DeciderCounts, string>> = {
  asked: 'Decisions on images that reviews asked for.',
  remembered: 'Decisions answered from memory.',
  shared: 'Decisions that waited for a look-up made for another.',
  lookups: 'Look-ups begun.',
  failures: 'Look-ups that failed.',
};

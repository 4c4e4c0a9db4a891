import type { Decision, Judge } from './decision.ts';

export const digestA = `sha256:${'a'.repeat(64)}` as const;
export const digestB = `sha256:${'b'.repeat(64)}` as const;

/** A decision that allows, with what is given in place of what is usual. */
export function decided(fields: Partial<Decision> = {}): Decision {
  return { digest: digestA, outcome: 'allow', reasons: [], warnings: [], judgedBy: 'one', ...fields };
}

/** A judge by a function, which counts what it is asked. */
export function judgeBy(
  judge: Judge['judge'],
  version: () => Promise<string> = () => Promise.resolve('one'),
): Judge & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    version,
    judge(reference, signal) {
      asked.push(`${reference.repository} ${reference.tag ?? ''} ${reference.digest ?? ''}`.trim());
      return judge(reference, signal);
    },
  };
}

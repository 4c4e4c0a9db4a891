import { describe, expect, it } from 'vitest';
import { WharfingerError } from '@wharfinger/lib/errors';
import { decided, digestA } from './admission.fixtures.ts';
import { admit, type AdmitParts, type Phase } from './admit.ts';
import type { Decision } from './decision.ts';
import { knownPodTemplates } from './pod-templates.ts';
import { parseReview, type Answer } from './review.ts';

const podSpec = (...images: unknown[]): object => ({
  containers: images.map((image, index) => ({ name: `c${index}`, image })),
});

function ask(
  request: object,
  phase: Phase = 'validate',
  answers: Readonly<Record<string, Decision | Error>> = {},
  parts: Partial<AdmitParts> = {},
): Promise<Answer & { asked: string[] }> {
  const asked: string[] = [];
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'default',
      operation: 'CREATE',
      ...request,
    },
  };
  const decide = async (image: string): Promise<Decision> => {
    asked.push(image);
    const answer = answers[image] ?? decided();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const all: AdmitParts = {
    decide,
    podTemplates: knownPodTemplates,
    exemptNamespaces: new Set(['own']),
    budget: 2000,
    elapsed: () => 0,
    ...parts,
  };
  return admit(parseReview(Buffer.from(JSON.stringify(review))), phase, all).then((answer) => ({
    ...answer,
    asked,
  }));
}

const byDigest = (name: string): string => `r.example/${name}@${digestA}`;

describe('admit', () => {
  it('writes the digest after the tag, in every container, and leaves digests alone', async () => {
    const spec = {
      ...podSpec('r.example/a:1', byDigest('b'), 'r.example/c'),
      initContainers: [{ name: 'i', image: 'r.example/a:1' }],
      volumes: [
        { name: 'v', image: { reference: 'r.example/a:1' } },
        { name: 'w', emptyDir: {} },
      ],
    };
    const { allowed, patch, asked } = await ask({ object: { spec } }, 'mutate');
    expect(allowed).toBe(true);
    const value = `r.example/a:1@${digestA}`;
    expect(patch).toEqual(
      expect.arrayContaining([
        { op: 'replace', path: '/spec/initContainers/0/image', value },
        { op: 'replace', path: '/spec/containers/0/image', value },
        { op: 'replace', path: '/spec/volumes/0/image/reference', value },
        { op: 'replace', path: '/spec/containers/2/image', value: `r.example/c:latest@${digestA}` },
      ]),
    );
    expect(patch).toHaveLength(4);
    expect(asked).toHaveLength(3);
  });

  it('refuses tags where it has the last word', async () => {
    const { allowed, message, asked } = await ask({ object: { spec: podSpec('r.example/a:1') } });
    expect(allowed).toBe(false);
    expect(message).toMatch(/container c0 \(r\.example\/a:1\): it is named by a tag, which can move/);
    expect(asked).toEqual([]);
  });

  it.each(['hold', 'deny'] as const)(
    'refuses an image on %s, with all reasons of all containers',
    async (outcome) => {
      const held = decided({
        outcome,
        reasons: ['it is bad (one); to do: mend it.', 'worse (two); to do: more.'],
      });
      const { message } = await ask(
        { object: { spec: podSpec(byDigest('a'), byDigest('b'), byDigest('c')) } },
        'validate',
        {
          [byDigest('a')]: held,
          [byDigest('c')]: new WharfingerError('REMOTE_FAILED', { what: 'it is down' }),
        },
      );
      expect(message).toContain('container c0');
      expect(message).toContain('it is bad (one); to do: mend it. worse (two); to do: more.');
      expect(message).not.toContain('container c1');
      expect(message).toMatch(/container c2 .*the other registry failed: it is down; to do: check/);
    },
  );

  it('passes on what is only warned of', async () => {
    const warned = decided({ outcome: 'warn', warnings: ['runs as root (non-root)'] });
    const { allowed, warnings } = await ask({ object: { spec: podSpec(byDigest('a')) } }, 'validate', {
      [byDigest('a')]: warned,
    });
    expect([allowed, warnings]).toEqual([true, [`${byDigest('a')}: runs as root (non-root)`]]);
  });

  it('refuses whatever fails in an unexpected way', async () => {
    const { allowed, message } = await ask({ object: { spec: podSpec(byDigest('a')) } }, 'validate', {
      [byDigest('a')]: new TypeError('x is not a function'),
    });
    expect([allowed, message]).toEqual([false, expect.stringContaining('could not be decided')]);
  });

  it.each([
    ['deletion', { operation: 'DELETE', oldObject: { spec: podSpec('x') } }],
    ['connections', { operation: 'CONNECT', object: {} }],
    [
      'scale',
      {
        operation: 'UPDATE',
        subResource: 'scale',
        kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        object: {},
      },
    ],
    [
      'status',
      { operation: 'UPDATE', subResource: 'status', object: { spec: podSpec('x:1') }, oldObject: {} },
    ],
    ['eviction', { operation: 'CREATE', subResource: 'eviction', object: {} }],
    [
      'an update that changes no image',
      { operation: 'UPDATE', object: { spec: podSpec('x:1') }, oldObject: { spec: podSpec('x:1') } },
    ],
    ['the namespace of the webhook', { namespace: 'own', object: { spec: podSpec('x:1') } }],
  ])('lets through %s without a look-up', async (_, request) => {
    for (const phase of ['mutate', 'validate'] as const) {
      expect(await ask(request, phase)).toEqual({ allowed: true, asked: [] });
    }
  });

  it('looks only at what an update brings in', async () => {
    const { asked } = await ask(
      {
        operation: 'UPDATE',
        object: { spec: podSpec('r.example/old:1', byDigest('new')) },
        oldObject: { spec: podSpec('r.example/old:1') },
      },
      'validate',
    );
    expect(asked).toEqual([byDigest('new')]);
  });

  it.each(['own-2', 'Own', 'own ', ''])(
    'takes the namespace %j for none that is exempt',
    async (namespace) => {
      expect((await ask({ namespace, object: { spec: podSpec('r.example/a:1') } })).allowed).toBe(false);
    },
  );

  it.each([
    ['no object', null, 'no pod specification'],
    ['no specification', {}, 'no pod specification'],
    ['a list in its place', { spec: [] }, 'no pod specification'],
    ['containers that are no list', { spec: { containers: {} } }, 'spec.containers is not a list'],
    ['a container that is no object', { spec: { containers: ['x'] } }, 'spec.containers[0] is not an object'],
    ['a container without an image', { spec: podSpec(undefined) }, 'spec.containers[0].image names no image'],
    ['an image that is no text', { spec: podSpec(1) }, 'names no image'],
    ['an empty image', { spec: podSpec('') }, 'names no image'],
    [
      'an image volume without a reference',
      { spec: { volumes: [{ image: {} }] } },
      'reference names no image',
    ],
    ['an image volume that is text', { spec: { volumes: [{ image: 'x' }] } }, 'is not an object'],
    ['more images than pods have', { spec: podSpec(...Array<string>(501).fill('x')) }, 'more than 500'],
  ])('refuses %s', async (_, object, reason) => {
    for (const phase of ['mutate', 'validate'] as const) {
      expect(await ask({ object }, phase)).toMatchObject({
        allowed: false,
        code: 400,
        message: expect.stringContaining(reason),
      });
    }
  });

  it('refuses kinds that it does not know, and those of other groups', async () => {
    for (const [group, kind] of [
      ['', 'ConfigMap'],
      ['extensions', 'Deployment'],
      ['apps', 'Pod'],
    ]) {
      const answer = await ask({ kind: { group, version: 'v1', kind }, object: { spec: podSpec('x') } });
      expect(answer).toMatchObject({ allowed: false, message: expect.stringContaining(`the kind ${kind}`) });
    }
  });

  it('reviews kinds that are configured, by the path of their pod specification', async () => {
    const podTemplates = [{ group: 'serving.knative.dev', kind: 'Service', path: 'spec.template.spec' }];
    const request = {
      kind: { group: 'serving.knative.dev', version: 'v1', kind: 'Service' },
      object: { spec: { template: { spec: podSpec('r.example/a:1') } } },
    };
    expect((await ask(request, 'mutate', {}, { podTemplates })).patch).toEqual([
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: `r.example/a:1@${digestA}` },
    ]);
  });

  it('gives what is left of the budget to each look-up', async () => {
    const budgets: number[] = [];
    let time = 0;
    await ask(
      { object: { spec: podSpec(byDigest('a')) } },
      'validate',
      {},
      {
        elapsed: () => (time += 500),
        decide: async (_, budget) => {
          budgets.push(budget);
          return decided();
        },
      },
    );
    expect(budgets).toEqual([1500]);
  });

  it('shows what others wrote without control characters', async () => {
    const { message } = await ask({ object: { spec: podSpec('a\n\u001b[2Jcontainer c1: allowed') } });
    expect(message).not.toMatch(/\p{Cc}/u);
  });

  it('cuts an explanation that would be endless', async () => {
    const reasons = [`${'x'.repeat(100_000)} (one)`];
    const { message } = await ask({ object: { spec: podSpec(byDigest('a')) } }, 'validate', {
      [byDigest('a')]: decided({ outcome: 'deny', reasons }),
    });
    expect(message!.length).toBeLessThan(9000);
  });
});

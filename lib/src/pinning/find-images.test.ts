import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { digestOf } from '../oci/digest.ts';
import { applyPins } from './apply-pins.ts';
import { findImages, type FileHint } from './find-images.ts';
import type { ImageUse } from './image-use.ts';

const lines = (text: string, hint: FileHint = {}): string[] =>
  findImages(text, hint).uses.map(({ reference, where, line, pinned, skip }) => {
    const state = skip === undefined ? (pinned ? ' PINNED' : '') : ` SKIP ${skip}`;
    return `${line}: ${reference} at ${where}${state}`;
  });

const digest = `sha256:${'a'.repeat(64)}`;

describe('Kubernetes', () => {
  it('finds the images of every kind with pods, in lists, in custom resources and in several documents', () => {
    const text = `# first
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
        - {name: init, image: 'busybox:1.36'}
      containers:
        - name: app
          image: "registry.example/app:1.0"   # the app
        - name: side
          image: registry.example/side@${digest}
        - name: none
      volumes:
        - name: model
          image: {reference: registry.example/model:2, pullPolicy: Always}
        - name: temp
          emptyDir: {}
---
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: CronJob
    metadata: {name: job}
    spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: job:1}]}}}}}
  - apiVersion: v1
    kind: Pod
    metadata: {name: debug}
    spec:
      ephemeralContainers:
        - image: tools
---
apiVersion: example.org/v1
kind: Cluster
metadata: {name: db}
spec:
  image: not-a-pod-template:1
  podTemplate:
    spec:
      containers:
        - name: db
          image: registry.example/db:\${VERSION}
---
apiVersion: v1
kind: ConfigMap
data:
  pod.yaml: |
    containers: [{image: inside-of-text:1}]
  note: "{{ .Values.unrelated }}"
`;
    expect(lines(text)).toEqual([
      '9: busybox:1.36 at Deployment/web spec.template.spec.initContainers[0] (init)',
      '12: registry.example/app:1.0 at Deployment/web spec.template.spec.containers[0] (app)',
      `14: registry.example/side@${digest} at Deployment/web spec.template.spec.containers[1] (side) PINNED`,
      '18: registry.example/model:2 at Deployment/web spec.template.spec.volumes[0] (model)',
      '28: job:1 at CronJob/job spec.jobTemplate.spec.template.spec.containers[0] (c)',
      '34: tools at Pod/debug spec.ephemeralContainers[0]',
      '45: registry.example/db:${VERSION} at Cluster/db spec.podTemplate.spec.containers[0] (db) SKIP the reference is computed from variables',
    ]);
  });

  it('follows anchors, aliases and merged maps to where the text stands', () => {
    const text = `apiVersion: v1
kind: Pod
x-image: &img nginx:1.25
x-base: &base
  image: redis:7
x-list: &list
  - {name: l, image: busybox:1}
spec:
  containers:
    - {name: a, image: *img}
    - {name: b, <<: *base}
    - name: c
      <<: [*base, {image: other:1}]
  initContainers: *list
`;
    expect(lines(text)).toEqual([
      '3: nginx:1.25 at Pod spec.containers[0] (a)',
      '5: redis:7 at Pod spec.containers[1] (b)',
      '5: redis:7 at Pod spec.containers[2] (c)',
      '7: busybox:1 at Pod spec.initContainers[0] (l)',
    ]);
  });

  it('follows merged maps of YAML 1.1 too', () => {
    const text = `%YAML 1.1
---
apiVersion: v1
kind: Pod
x-base: &base {image: redis:7}
spec: {containers: [{name: b, <<: *base}]}
`;
    expect(lines(text)).toEqual(['5: redis:7 at Pod spec.containers[0] (b)']);
  });

  it('says what cannot be written to', () => {
    const pod = (image: string): string =>
      `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: ${image}\n`;
    const escapes = /SKIP the reference is written with escapes/;
    expect(lines(pod('"nginx\\x3a1"'))[0]).toMatch(escapes);
    expect(lines(pod('>-\n        nginx:1'))[0]).toMatch(escapes);
    expect(lines(pod('Nginx:1'))[0]).toMatch(/SKIP the image reference is not valid/);
    expect(lines(pod("'{{inputs.parameters.image}}'"))[0]).toMatch(
      /SKIP the reference is computed by a template/,
    );
    expect(lines(pod(''))).toEqual([]);
  });
});

describe('Helm values', () => {
  it('finds the shapes that charts use', () => {
    const text = `image:
  registry: docker.io
  repository: bitnami/nginx
  tag: 1.25.3-debian-11-r0
  digest: ""
controller:
  image: {repository: registry.example/controller, tag: "v1.9.0"}
sidecar:
  image: registry.example/sidecar:1
  pullPolicy: Always
  imagePullPolicy: Always
exporter:
  image: registry.example/exporter
  imageTag: 0.9
grafana:
  image: {repository: grafana/grafana, tag: 10.1.0, sha: }
pinned:
  image: {repository: a/b, tag: "1", digest: ${digest}}
extraContainers:
  - name: x
    image: busybox:1.36
initImage: busybox:1.35
backgroundImage: sea
git:
  repository: https://example.org/repo
  tag: v1
chart:
  image:
    name: named
    tag: 3
`;
    expect(lines(text, { name: 'charts/x/values.yaml' })).toEqual([
      '5: docker.io/bitnami/nginx:1.25.3-debian-11-r0 at image',
      '7: registry.example/controller:v1.9.0 at controller.image',
      '9: registry.example/sidecar:1 at sidecar.image',
      '14: registry.example/exporter:0.9 at exporter',
      '16: grafana/grafana:10.1.0 at grafana.image',
      `18: a/b:1@${digest} at pinned.image PINNED`,
      '21: busybox:1.36 at extraContainers[0].image',
      '22: busybox:1.35 at initImage',
      '30: named:3 at chart.image',
    ]);
  });

  it('puts global.imageRegistry before images that have a registry', () => {
    const text =
      'global: {imageRegistry: mirror.example}\na: {image: {registry: docker.io, repository: x/y, tag: "1"}}\n';
    expect(lines(text, { kind: 'helm-values' })).toEqual(['2: mirror.example/x/y:1 at a.image']);
  });

  it('says what cannot be pinned here', () => {
    const values = (map: string): string | undefined => lines(`image: ${map}`, { kind: 'helm-values' })[0];
    expect(values('{repository: a/b, tag: ""}')).toMatch(/SKIP the tag is left to the chart/);
    expect(values('{repository: a/b}')).toMatch(/SKIP the tag is left to the chart/);
    expect(values('{repository: a/b, tag: 1.10}')).toMatch(
      /SKIP the tag reads as 1\.1, but is written 1\.10; quote it/,
    );
    expect(values('{repository: a/b, tag: "{{ .Chart.AppVersion }}"}')).toMatch(/SKIP .*template/);
    const shared = 'v: &v "1"\na: {image: {repository: a, tag: *v}}\nb: {image: {repository: b, tag: *v}}\n';
    expect(lines(shared, { kind: 'helm-values' })).toEqual([
      expect.stringMatching(/a:1 .*SKIP .*shared with other images/),
      expect.stringMatching(/b:1 .*SKIP .*shared with other images/),
    ]);
  });
});

describe('Compose', () => {
  it('finds the images of services that are pulled', () => {
    const text = `x-base: &base
  image: redis:7
services:
  web:
    image: nginx:1.25
    volumes:
      - ./a:/a
      - {type: image, source: registry.example/data:1, target: /data}
  built: {build: .}
  both:
    build: .
    image: me/app:dev
  cache:
    <<: *base
  variable:
    image: app:\${TAG:-1}
  empty:
volumes:
  data:
`;
    expect(lines(text, { name: 'compose.prod.yaml' })).toEqual([
      '5: nginx:1.25 at services.web.image',
      '8: registry.example/data:1 at services.web.volumes[1].source',
      '12: me/app:dev at services.both.image SKIP the image is built here: this is the name that it gets',
      '2: redis:7 at services.cache.image',
      '16: app:${TAG:-1} at services.variable.image SKIP the reference is computed from variables',
    ]);
  });
});

describe('Dockerfile', () => {
  it('finds stages, COPY --from and RUN --mount, resolves ARGs, and leaves stages alone', () => {
    const text = `# syntax=docker/dockerfile:1
ARG BASE="alpine:3.18"
ARG GO=1.21 DISTRO=bookworm
ARG FULL=golang:\${GO}-\${DISTRO}
ARG NONE
FROM --platform=$BUILDPLATFORM golang:$GO AS Build
RUN --mount=type=bind,from=busybox:1.36,target=/x --mount=type=cache,target=/y cat <<EOF
FROM not-an-instruction
EOF
FROM \${FULL}
FROM \${BASE} AS run
COPY --from=build /a /b
COPY --from=0 /a /b
COPY --chown=1:1 --from=registry.example/x/y:2 \\
  /a /b
COPY --from=$GO /a /b
ONBUILD COPY --from=nginx:1 /a /b
FROM debian:\${NONE}
FROM debian:\${NONE:-12}
FROM run
FROM scratch
FROM ubuntu:24.04@${digest}
`;
    expect(lines(text, { name: 'build/Dockerfile.prod' })).toEqual([
      '6: golang:1.21 at stage 0 (Build): FROM',
      '7: busybox:1.36 at RUN --mount=from',
      '10: golang:1.21-bookworm at stage 1: FROM',
      '2: alpine:3.18 at stage 2 (run): FROM',
      '14: registry.example/x/y:2 at COPY --from',
      '16: $GO at COPY --from SKIP the reference is computed from variables',
      '17: nginx:1 at COPY --from',
      '18: debian:${NONE} at stage 3: FROM SKIP ARG NONE has no default, so nobody knows the image before the build',
      '19: debian:12 at stage 4: FROM',
      `22: ubuntu:24.04@${digest} at stage 7: FROM PINNED`,
    ]);
  });

  it('reads line ends and continuations of Windows', () => {
    const text = 'ARG A=alpine:3\r\nFROM \\\r\n  debian:12 AS a\r\nFROM $A\r\n';
    expect(lines(text, { kind: 'dockerfile' })).toEqual([
      '3: debian:12 at stage 0 (a): FROM',
      '1: alpine:3 at stage 1: FROM',
    ]);
  });
});

describe('which kind a file is', () => {
  it.each([
    ['Dockerfile', 'FROM a', 'dockerfile'],
    ['app.dockerfile', 'FROM a', 'dockerfile'],
    ['Containerfile.dev', 'FROM a', 'dockerfile'],
    [undefined, '# comment\n\nFROM a', 'dockerfile'],
    ['docker-compose.yml', 'services: {a: {image: b}}', 'compose'],
    ['stack.yml', 'services: {a: {image: b}}', 'compose'],
    ['values-prod.yaml', 'image: {repository: a, tag: b}', 'helm-values'],
    ['my.values.yml', 'services: {a: b}', 'helm-values'],
    ['x.yaml', 'image: {repository: a, tag: b}', 'helm-values'],
    ['x.yaml', 'apiVersion: v1\nkind: Pod', 'kubernetes'],
    ['x.json', '{"apiVersion": "v1", "kind": "Pod"}', 'kubernetes'],
  ])('%s: %j is %s', (name, text, kind) => {
    expect(findImages(text, name === undefined ? {} : { name }).kind).toBe(kind);
  });

  it.each([
    ['nothing known', 'a: b', {}, 'what kind of file'],
    ['an empty file', '', {}, 'what kind of file'],
    ['no FROM', 'RUN true', { name: 'Dockerfile' }, 'no FROM'],
    ['broken YAML', 'apiVersion: v1\nkind: [', {}, 'correct the YAML'],
    [
      'a key that is there twice',
      'apiVersion: v1\nkind: Pod\nspec:\n  a: 1\n  a: 2\n',
      {},
      'line 5: the key "a" is there twice',
    ],
    [
      'a kustomization',
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization',
      {},
      'kustomization',
    ],
    ['nested too deeply', '['.repeat(200_000), { kind: 'kubernetes' }, 'nested too deeply'],
    [
      'control structures of Helm',
      '{{- if .Values.x }}\napiVersion: v1\nkind: Pod\n{{- end }}',
      {},
      'values file',
    ],
    ['values of Helm', 'apiVersion: v1\nkind: Pod\nspec: {{ .Values.spec }}', {}, 'values file'],
    [
      'images of Helm',
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: "{{ .Values.image }}"',
      {},
      'values file',
    ],
  ] as const)('refuses %s', (_, text, hint, what) => {
    expect(() => findImages(text, hint)).toThrow(
      expect.toSatisfy(
        (error) =>
          isWharfingerError(error, 'PIN_REFUSED') && `${error.message} ${error.remedy}`.includes(what),
      ),
    );
  });
});

describe('any text', () => {
  const pieces =
    'image: ¦:¦ ¦\n¦\r\n¦  ¦- ¦{¦}¦[¦]¦&a ¦*a¦<<: *a¦"¦\'¦{{¦| ¦> ¦FROM ¦ARG ¦COPY --from=¦$A¦${A:-¦---\n¦# ¦nginx:1¦@¦tag: ¦,¦\t¦\\¦A=¦ AS a¦!!str ¦1.10';
  const bases: ReadonlyArray<readonly [string, FileHint]> = [
    [
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: &a nginx:1 # c\n      name: x\n    - {image: "b:2", name: y}\n    - image: *a\n',
      { kind: 'kubernetes' },
    ],
    [
      'x: &a\n  image: a\nservices:\n  w:\n    image: nginx:1\n  v: {image: "b"}\n  u:\n    <<: *a\n',
      { kind: 'compose' },
    ],
    [
      'a:\n  image:\n    repository: r\n    tag: 1.25 # c\n    digest: ""\nb: {image: {repository: r, tag: "2"}}\nc:\n  image: n:1\n',
      { kind: 'helm-values' },
    ],
    [
      'ARG A=nginx:1\nFROM $A AS a\nFROM --platform=linux/amd64 b:2\nCOPY --from=c:3 /a /b\nRUN --mount=type=bind,from=d:4 x\n',
      { kind: 'dockerfile' },
    ],
  ];
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(3),
    put: fc.constantFrom(...pieces.split('¦')),
  });
  /** A file of some kind, damaged in a few places. */
  const damaged = fc
    .tuple(fc.constantFrom(...bases), fc.array(change, { maxLength: 4 }))
    .map(([[base, hint], changes]) => {
      let text = base;
      for (const { at, drop, put } of changes) {
        const from = Math.floor(at * text.length);
        text = text.slice(0, from) + put + text.slice(from + drop);
      }
      return { text, hint };
    });
  const digest = digestOf('any');

  /** The uses, or none where the text is refused. */
  function usesOf(text: string, given: FileHint): readonly ImageUse[] {
    try {
      return findImages(text, given).uses;
    } catch (error) {
      if (isWharfingerError(error, 'PIN_REFUSED')) return [];
      throw error;
    }
  }

  it('is read or refused, and what is pinned is found again in its place', () => {
    let pinned = 0;
    fc.assert(
      fc.property(damaged, ({ text: before, hint: given }) => {
        const uses = usesOf(before, given);
        const wanted = uses.filter(({ skip }) => skip === undefined);
        const after = applyPins(
          before,
          wanted.map((use) => ({ use, digest })),
        );
        pinned += wanted.length;
        const found = usesOf(after, given);
        expect(found.map(({ where, line }) => [where, line])).toEqual(
          uses.map(({ where, line }) => [where, line]),
        );
        expect(found.filter(({ skip }) => skip === undefined).map(({ reference }) => reference)).toEqual(
          wanted.map(({ reference }) => `${reference.split('@', 1)[0]}@${digest}`),
        );
      }),
      { numRuns: 4000 },
    );
    expect(pinned).toBeGreaterThan(5000);
  });
});

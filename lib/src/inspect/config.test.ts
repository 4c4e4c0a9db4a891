import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { parseImageConfig } from './config.ts';

const parse = (text: string) => parseImageConfig(Buffer.from(text));

describe('image configuration', () => {
  it('reads what matters', () => {
    const diffId = digestOf('layer');
    const config = {
      created: '2024-11-11T16:07:20.947547588Z',
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      config: {
        User: 'app',
        Entrypoint: ['/a'],
        Cmd: ['b'],
        Env: ['A=1'],
        Volumes: { '/data': {}, '/cache': {} },
        ExposedPorts: { 80: {}, '443/tcp': {} },
        Labels: { x: 'y' },
        OnBuild: null,
      },
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created_by: 'COPY' }, { empty_layer: true }],
    };
    expect(parse(JSON.stringify(config))).toEqual({
      os: 'linux',
      architecture: 'arm64',
      variant: 'v8',
      created: '2024-11-11T16:07:20.947547588Z',
      user: 'app',
      entrypoint: ['/a'],
      cmd: ['b'],
      env: ['A=1'],
      volumes: ['/cache', '/data'],
      exposedPorts: ['443/tcp', '80'],
      labels: { x: 'y' },
      diffIds: [diffId],
      history: [{ createdBy: 'COPY', emptyLayer: false }, { emptyLayer: true }],
    });
  });

  it('bears null and absence', () => {
    const empty = {
      os: '',
      architecture: '',
      user: '',
      entrypoint: [],
      cmd: [],
      env: [],
      volumes: [],
      exposedPorts: [],
      labels: {},
      diffIds: [],
      history: [],
    };
    expect(parse('{}')).toEqual(empty);
    expect(parse('{"config":null,"rootfs":null,"history":null,"os":null}')).toEqual(empty);
    expect(parse('{"config":{"Cmd":null,"Labels":null,"Entrypoint":"/run"}}')).toEqual({
      ...empty,
      entrypoint: ['/run'],
    });
  });

  it.each([
    ['[]', 'must be an object'],
    ['{"os":1}', 'os must be a string'],
    ['{"config":{"User":0}}', 'config.User'],
    ['{"config":{"User":"1","User":"0"}}', 'twice'],
    ['{"config":{"Env":[1]}}', 'config.Env'],
    ['{"config":{"Labels":{"a":1}}}', 'config.Labels'],
    ['{"created":"yesterday"}', 'created'],
    ['{"rootfs":{"type":"layers","diff_ids":["sha256:1"]}}', 'diff_ids'],
    ['{"rootfs":{"type":"x","diff_ids":[]}}', 'rootfs.type'],
    ['{', 'not valid JSON'],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

import { describe, expect, test } from 'vitest';
import { chooseReport, isSameType, readMetadata, reportTypes } from './metadata.ts';
import { metadataOf } from './scanner.fixtures.ts';

const now = new Date('2026-06-01T00:00:00Z');
const read = (document: object) => readMetadata(Buffer.from(JSON.stringify(document)), now);
const manifest = 'application/vnd.oci.image.manifest.v1+json';
const knows = (time: string) =>
  read(metadataOf({ properties: { 'harbor.scanner-adapter/vulnerability-database-updated-at': time } })).data;
const capable = (...capabilities: object[]) => read(metadataOf({ capabilities }));

describe('what a scanner says of itself', () => {
  test('names it, what it can do and how new what it knows is', () => {
    expect(read(metadataOf())).toEqual({
      scanner: { name: 'Test', vendor: 'Nobody', version: '1.0.0' },
      capabilities: [
        {
          type: 'vulnerability',
          consumes: [manifest, 'application/vnd.docker.distribution.manifest.v2+json'],
          produces: [...reportTypes],
        },
      ],
      data: '2026-01-01T00:00:00.000Z',
    });
  });

  test.each([
    ['2026-05-31T23:00:00+02:00', '2026-05-31T21:00:00.000Z'],
    ['2026-06-01T00:05:00Z', now.toISOString()],
    ['2999-01-01T00:00:00Z', undefined],
    ['yesterday', undefined],
    ['2026-01-01', undefined],
  ])('says %s of what it knows, which is taken for %s', (said, data) => {
    expect(knows(said)).toBe(data);
  });

  test('may say nothing of how new that is', () => {
    expect(read(metadataOf({ properties: null }))).not.toHaveProperty('data');
    expect(read(metadataOf({ properties: { other: 7 } }))).not.toHaveProperty('data');
  });

  test.each<[string, object]>([
    ['no name', { scanner: undefined }],
    ['no capabilities', { capabilities: [] }],
    ['capabilities that are none', { capabilities: [7] }],
    ['capabilities without types', { capabilities: [{ type: 'vulnerability' }] }],
    [
      'thousands of capabilities',
      {
        capabilities: Array.from({ length: 101 }, () => ({
          consumes_mime_types: [],
          produces_mime_types: [],
        })),
      },
    ],
    ['a name that steers a terminal', { scanner: { name: '\u001b[2J' } }],
  ])('is refused with %s', (_name, more) => {
    expect(() => read(metadataOf(more))).toThrow('what it says of itself cannot be read');
  });
});

describe('the report that is chosen', () => {
  const can = (produces: readonly string[], more: object = { type: 'vulnerability' }) =>
    chooseReport(
      capable({ consumes_mime_types: [manifest], produces_mime_types: produces, ...more }),
      manifest,
    );

  test('is the newest that both know', () => {
    expect(can([...reportTypes].reverse())).toEqual({ type: reportTypes[0], named: true });
    expect(can([reportTypes[1], 'application/vnd.scanner.adapter.vuln.report.raw'])).toEqual({
      type: reportTypes[1],
      named: true,
    });
  });

  test('is named in the request only where the scanner names its capabilities', () => {
    expect(can([reportTypes[1]], {})).toEqual({ type: reportTypes[1], named: false });
  });

  test('is none of a scanner that makes none, of other things, or of nothing that the image is', () => {
    expect(can(['application/vnd.scanner.adapter.vuln.report.raw'])).toBeUndefined();
    expect(can(reportTypes, { type: 'sbom' })).toBeUndefined();
    expect(
      can(reportTypes, { consumes_mime_types: ['application/vnd.cncf.helm.config.v1+json'] }),
    ).toBeUndefined();
  });

  test('has a type that is the same however it is written', () => {
    expect(isSameType('application/x+json;version=1.1', 'Application/X+JSON; version="1.1"')).toBe(true);
    expect(isSameType('application/x+json; version=1.0', 'application/x+json; version=1.1')).toBe(false);
    expect(isSameType('application/json', 'application/x+json; version=1.1')).toBe(false);
  });
});

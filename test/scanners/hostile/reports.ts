import { answerWith, reportOn, type Behaviour } from '../made-adapter.ts';
import { beginning, finding, reportType, says } from './answers.ts';

const digestOfAnother = `sha256:${'0'.repeat(64)}`;

/** Adapters whose reports are none, or can be read in more than one way. */
export const hostileReports: Readonly<Record<string, Behaviour>> = {
  'another-digest': {
    report: says((asked) => ({
      ...reportOn(asked),
      artifact: { ...asked?.artifact, digest: digestOfAnother },
    })),
  },
  'another-repository': {
    report: says((asked) => ({
      ...reportOn(asked),
      artifact: { ...asked?.artifact, repository: 'team/other' },
    })),
  },
  'no-json': { report: says(() => '<html>all is well</html>') },
  'json-null': { report: says(() => 'null') },
  'json-array': { report: says(() => '[]') },
  'json-string': { report: says(() => '"all is well"') },
  'empty-object': { report: says(() => ({})) },
  'empty-body': { report: says(() => '') },
  'not-utf-8': {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType });
      response.write(`${beginning(asked)}{"id":"`);
      response.end(Buffer.from([0xff, 0xfe, 0x22, 0x7d, 0x5d, 0x7d]));
    },
  },
  'no-list': {
    report: says((asked) => {
      const { vulnerabilities: _, ...rest } = reportOn(asked) as { vulnerabilities: unknown };
      return rest;
    }),
  },
  'list-is-null': { report: says((asked) => ({ ...reportOn(asked), vulnerabilities: null })) },
  'list-is-an-object': {
    report: says((asked) => ({ ...reportOn(asked), vulnerabilities: { length: 0 } })),
  },
  'finding-is-null': { report: says((asked) => ({ ...reportOn(asked), vulnerabilities: [null] })) },
  'finding-without-id': { report: says((asked) => reportOn(asked, [{ ...finding(), id: undefined }])) },
  deep: {
    report: says((asked) => {
      const depth = 100_000;
      return `${JSON.stringify(reportOn(asked)).slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    }),
  },
  'key-twice': {
    report: says((asked) => {
      const bad = JSON.stringify([finding({ severity: 'Critical' })]);
      return `{"vulnerabilities":${bad},${JSON.stringify(reportOn(asked)).slice(1)}`;
    }),
  },
  prototype: {
    report: says(
      (asked) => `{"__proto__":{"vulnerabilities":[]},"artifact":${JSON.stringify(asked?.artifact)}}`,
    ),
  },
  'from-the-future': {
    report: says((asked) => ({ ...reportOn(asked), generated_at: '2199-01-01T00:00:00Z' })),
  },
  'no-time': { report: says((asked) => ({ ...reportOn(asked), generated_at: 'yesterday' })) },
  'text-as-type': {
    report: (response, asked) => answerWith(response, 200, 'text/html', reportOn(asked)),
  },
  'other-report-as-type': {
    report: (response, asked) =>
      answerWith(response, 200, 'application/vnd.security.sbom.report+json; version=1.0', reportOn(asked)),
  },
  'without-type': {
    report: (response, asked) => {
      response.writeHead(200).end(JSON.stringify(reportOn(asked)));
    },
  },
};

/** Adapters with a finding that its severity might hide. */
export const hidden: Readonly<Record<string, Behaviour>> = {
  'severity-unknown-name': {
    report: says((asked) => reportOn(asked, [finding({ severity: 'Harmless' })])),
  },
  'severity-a-number': { report: says((asked) => reportOn(asked, [finding({ severity: 0 })])) },
  'severity-of-a-prototype': {
    report: says((asked) => reportOn(asked, [finding({ severity: 'constructor' })])),
  },
  'severity-lower-case': { report: says((asked) => reportOn(asked, [finding({ severity: 'critical' })])) },
  'severity-absent': { report: says((asked) => reportOn(asked, [finding({ severity: undefined })])) },
  'head-says-none': {
    report: says((asked) => ({
      ...reportOn(asked, [finding({ severity: 'Critical' })]),
      severity: 'Negligible',
    })),
  },
};

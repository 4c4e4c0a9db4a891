import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushChecked, type SmallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, type TestServer } from '../../testing/running-server.ts';

let server: TestServer;
let image: SmallImage;
beforeAll(async () => {
  server = await startTestServer();
  image = await pushChecked(server, 'team/app', 'v1', { packages: { left: '1.0.0' } });
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('of many who ask for the SBOM of an image at one moment all are told of the one that is attached', async () => {
  const ask = async (format: string) => {
    const body = { repository: 'team/app', reference: 'v1', format };
    const answer = await server.call('POST', '/api/v1/sbom/attestations', { as: admin, body });
    return [
      format,
      answer.status,
      (answer.json() as unknown as { attestation: string }).attestation,
    ] as const;
  };
  const formats = Array.from({ length: 12 }, (_, at) => (at % 3 === 0 ? 'spdx' : 'cyclonedx'));
  const answers = await Promise.all(formats.map(ask));
  expect(new Set(answers.map(([, status]) => status))).toEqual(new Set([200]));
  const attached = new Set(answers.map(([format, , attestation]) => `${format} ${attestation}`));
  expect(attached.size).toBe(2);
  const { json } = await server.call('GET', `/v2/team/app/referrers/${image.digest}`, { as: admin });
  expect((json() as unknown as { manifests: object[] }).manifests).toHaveLength(2);
  const audit = await server.call('GET', '/api/v1/audit?action=attest-sbom', { as: admin });
  expect(audit.json().entries).toHaveLength(2);
});

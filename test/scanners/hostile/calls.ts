import { metadataType, types } from '../adapter/media-types.ts';
import { answerWith, honestMetadata, type Behaviour } from '../made-adapter.ts';
import { MiB, identified, pour, redirect, status } from './answers.ts';

/** Adapters that lie about what they can do, or in their answers to the request for a scan. */
export function hostileCalls(elsewhere: () => string): Readonly<Record<string, Behaviour>> {
  return {
    // what an adapter says of itself
    'metadata-claims-nothing': {
      metadata: (response) => answerWith(response, 200, metadataType, { scanner: {}, capabilities: [] }),
    },
    'metadata-other-images': {
      metadata: (response) =>
        answerWith(response, 200, metadataType, {
          ...honestMetadata,
          capabilities: [{ ...honestMetadata.capabilities[0], consumes_mime_types: ['application/x-other'] }],
        }),
    },
    'metadata-other-reports': {
      metadata: (response) =>
        answerWith(response, 200, metadataType, {
          ...honestMetadata,
          capabilities: [{ ...honestMetadata.capabilities[0], produces_mime_types: ['text/plain'] }],
        }),
    },
    'metadata-huge': {
      metadata: (response) => {
        response.writeHead(200, { 'content-type': metadataType });
        response.write(JSON.stringify(honestMetadata).slice(0, -1) + ',"more":"');
        pour(response, 'x'.repeat(MiB), 256);
      },
    },
    'metadata-no-json': { metadata: (response) => answerWith(response, 200, metadataType, '<html>') },
    'metadata-redirect': { metadata: redirect(302, elsewhere) },
    'metadata-silent': { metadata: () => {} },

    // the answer to a request
    'scan-refused-for-ever': { scan: status(500) },
    'scan-200': { scan: (response) => answerWith(response, 200, types.scanResponse, { id: 'one' }) },
    'scan-without-body': { scan: status(202) },
    'scan-redirect': { scan: redirect(307, elsewhere) },
    'scan-no-json': { scan: (response) => answerWith(response, 202, types.scanResponse, 'id: one') },
    'id-empty': identified(''),
    'id-a-number': identified(7),
    'id-path-up': identified('../../../../other/api/v1/scan/one'),
    'id-dots': identified('..'),
    'id-query': identified('one/report?x=#'),
    'id-control-characters': identified('one\r\nx-injected: yes\u0000'),
    'id-one-mebibyte': identified('1'.repeat(MiB)),
  };
}

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { stamp, type Issued } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { TimeStampReq, PKIStatusInfo, TimeStampResp, ContentInfo } from 'pkijs';

/** A timestamp authority (RFC 3161) over HTTP that stamps SHA-256 digests with the time that it is told. */
export async function startTimestampAuthority(
  authority: Issued,
  time: () => Date,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { messageImprint, nonce } = TimeStampReq.fromBER(body);
      const imprint = Buffer.from(messageImprint.hashedMessage.valueBlock.valueHexView);
      const token = stamp(Buffer.alloc(0), { authority, at: time(), imprint, ...(nonce && { nonce }) });
      const answer = new TimeStampResp({
        status: new PKIStatusInfo({ status: 0 }),
        timeStampToken: ContentInfo.fromBER(token),
      });
      response.setHeader('content-type', 'application/timestamp-reply');
      response.end(Buffer.from(answer.toSchema().toBER()));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

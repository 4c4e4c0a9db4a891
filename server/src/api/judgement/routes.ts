import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import type { ApiContext } from '../context.ts';

/** Everything that decides here, signed, for those who judge elsewhere; and the key that it is checked with. */
export function addJudgementRoutes(
  context: ApiContext,
  parts: { readonly judgement: () => Promise<Judgement>; readonly key: SigningKey },
): void {
  const { app } = context;
  let signed: { readonly version: number; readonly bytes: Buffer } | undefined;

  app.get('/api/v1/judgement', async (request, reply) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    const judgement = await parts.judgement();
    if (signed?.version !== judgement.version)
      signed = { version: judgement.version, bytes: Buffer.from(signJudgement(judgement, parts.key)) };
    // A Buffer keeps the Content-Type as it is.
    return reply.type('application/json').send(signed.bytes);
  });

  app.get('/api/v1/registry/key', (_, reply) =>
    reply.type('application/x-pem-file').send(Buffer.from(parts.key.publicPem)),
  );
}

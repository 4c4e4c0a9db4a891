import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { grantsFor } from '@wharfinger/lib/assess/grants';
import { hoursOf, readGrantPayload, type GrantRequest } from '@wharfinger/lib/assess/grant-request';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { parseEnvelope } from '@wharfinger/lib/signing/dsse';
import { count, displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { readKeyFile } from '../../key-file.ts';
import type { Run, Session } from '../../session.ts';

export function addGrantShow(group: Command, run: Run): void {
  group
    .command('show')
    .summary('show what was granted, and which keys approve it')
    .description(
      'Shows what approvers have signed, and by which of the given keys the signatures verify. Whether those are enough is for ' +
        'the rule of the registry to say.',
    )
    .argument('<signature...>', 'what wharf grant sign wrote for each approver')
    .option('--key <file...>', 'public keys (PEM) of approvers')
    .addHelpText('after', '\nExample:\n  wharf grant show ann.json bob.json --key ann.pub bob.pub')
    .action(run(show));
}

async function show(
  session: Session,
  { key = [] }: { readonly key?: readonly string[] },
  files: readonly string[],
): Promise<ExitCode> {
  const envelopes = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const request = requestIn(envelopes[0]!);
  const approvers = await Promise.all(
    key.map(async (file) => ({ name: basename(file), pem: await readKeyFile(file) })),
  );
  const over = Date.parse(request.until) <= session.now().getTime();
  const approvedBy = whoApproves(envelopes, request, approvers);
  session.result({ grant: request, hours: hoursOf(request), over, approvedBy }, () =>
    [
      `${request.id}: ${request.reason}`,
      `  for ${request.scope.repositories?.join(', ') ?? ''}${request.digest ? `, ${request.digest} alone` : ''}, to ${request.purposes.join(', ')}`,
      `  requested by ${request.requestedBy}`,
      `  ${count(hoursOf(request), 'hour')}: from ${request.from} until ${request.until}${over ? ', which is over' : ''}`,
      `  ${count(files.length, 'signature')}; ${approvedBy.length === 0 ? 'none by a given key' : `approved by ${approvedBy.join(', ')}`}`,
    ]
      .map(displayable)
      .join('\n'),
  );
  return exitCodes.done;
}

function requestIn(text: string): GrantRequest {
  const { payload } = parseEnvelope(
    parseStrictJson(Buffer.from(text), (what) => {
      throw new WharfingerError('GRANT_INVALID', { what });
    }),
  );
  return readGrantPayload(payload);
}

/** Checks the signatures as a registry does, by a rule that these keys satisfy together, at the moment when the grant begins. */
function whoApproves(
  envelopes: readonly string[],
  request: GrantRequest,
  approvers: ReadonlyArray<{ readonly name: string; readonly pem: string }>,
): readonly string[] {
  const name = request.scope.repositories![0]!.replaceAll('*', 'x');
  const repository = {
    name,
    namespace: '*',
    class: 'private',
    stage: 'development',
    externalFacing: false,
    official: false,
  };
  const rule = { scope: {}, approvers, needed: 1, maxHours: Number.MAX_SAFE_INTEGER };
  const { grants, refused } = grantsFor([envelopes], [rule], [], repository, new Date(request.from));
  const unreadable = refused.find(({ id }) => id === undefined);
  if (unreadable) throw new WharfingerError('GRANT_INVALID', { what: unreadable.reason });
  return grants[0]?.approvedBy ?? [];
}

import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseGrantRequest, signGrant } from '@wharfinger/lib/assess/grant-request';
import { displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { keyOption, readSigningKey } from '../key-file.ts';
import {
  addEndCommand,
  addFileCommand,
  addListCommand,
  addRecordOf,
  readDocumentFile,
  scopeText,
  shown,
  type RecordNames,
} from '../record-commands.ts';
import type { Run, Session } from '../session.ts';
import { addGrantRequest } from './grant/request.ts';
import { addGrantShow } from './grant/show.ts';

const grants: RecordNames = {
  path: 'grants',
  one: 'Grant',
  many: 'grants',
  columns: [
    ['SIGNATURES', ({ envelopes }) => String((envelopes as readonly string[]).length)],
    ['UNTIL', ({ until }) => shown(until)],
  ],
};

const rules: RecordNames = {
  path: 'grant-rules',
  one: 'Grant rule',
  many: 'grant rules',
  columns: [
    ['FOR', scopeText],
    ['APPROVERS', ({ approvers, needed }) => `${shown(needed)} of ${shown(approvers)}`],
    ['HOURS', ({ maxHours }) => shown(maxHours)],
  ],
};

export function addGrant(program: Command, run: Run): void {
  const grant = program
    .command('grant')
    .summary('break the glass: serve what does not pass, for hours')
    .description(
      'Serves what is held or denied, with a warning, for hours: if as many approvers sign it as the rule for the repository ' +
        'demands. No right replaces a signature.',
    );
  addGrantRequest(grant, run);
  grant
    .command('sign')
    .summary('approve a grant with a key')
    .description(
      'Signs a grant: id, scope (one repository or pattern), purposes, reason, requestedBy, from, until, and digest where one image ' +
        'alone is meant. Each approver signs the same file.',
    )
    .argument('<file>', 'the grant: YAML or JSON')
    .requiredOption('--key <file>', keyOption)
    .option('-o, --output <file>', 'file to write the signature into; standard output if not given')
    .addHelpText(
      'after',
      '\nExample:\n  wharf grant sign outage.yaml --key ann.key -o ann.json\n  wharf grant sign outage.yaml --key bob.key -o bob.json\n' +
        '  wharf grant add localhost:5000 ann.json bob.json',
    )
    .action(run(sign));
  grant
    .command('add')
    .summary('put a grant in force')
    .description('Puts a grant in force that enough approvers have signed.')
    .argument('<host>', 'host[:port] of the registry')
    .argument('<signature...>', 'what wharf grant sign wrote for each approver')
    .action(
      run(async (session: Session, _options: object, host: string, files: string[]) => {
        const envelopes = await Promise.all(files.map(async (file) => (await readFile(file, 'utf8')).trim()));
        return addRecordOf(session, host, grants, { envelopes });
      }),
    );
  addGrantShow(grant, run);
  addListCommand(grant, run, grants);
  addEndCommand(grant, run, grants);
  const rule = grant
    .command('rule')
    .summary('say who may break the glass')
    .description('Says who may break the glass where.');
  addFileCommand(rule, run, rules, {
    summary: 'let some break the glass together',
    description:
      'Lets so many of these break the glass together, as a file says: name, scope, approvers (names of keys), needed, maxHours.',
    example:
      '\nExample:\n  wharf grant rule add localhost:5000 - <<END\n  name: production\n  scope: { repositories: ["prod/**"] }\n' +
      '  approvers: [ann, bob, eve]\n  needed: 2\n  maxHours: 8\n  END',
  });
  addListCommand(rule, run, rules);
  addEndCommand(rule, run, rules);
}

async function sign(session: Session, { key, output }: { key: string; output?: string }, file: string) {
  const request = parseGrantRequest(await readDocumentFile(file));
  const envelope = signGrant(request, await readSigningKey(key, session));
  if (output === undefined) {
    process.stdout.write(`${envelope}\n`);
    return exitCodes.done;
  }
  await writeFile(output, `${envelope}\n`);
  session.result({ grant: request.id, output }, () =>
    displayable(`${output} approves ${request.id} until ${request.until}.`),
  );
  return exitCodes.done;
}

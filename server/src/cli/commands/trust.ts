import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { signatureFormats } from '@wharfinger/lib/signing/evidence';
import { addEndCommand, addListCommand, addRecordOf, shown, type RecordNames } from '../record-commands.ts';
import type { Run, Session } from '../session.ts';

const rules: RecordNames = {
  path: 'trust',
  one: 'Trust for',
  many: 'rules of trust',
  columns: [
    ['PUBLISHERS', ({ publishers }) => shown(publishers)],
    ['FORMATS', ({ formats }) => shown(formats)],
  ],
};

/** Texts that signers lean on: path of the API, and the field that has the text. */
const texts = {
  root: { path: 'sigstore-roots', one: 'Sigstore root', field: 'text' },
  store: { path: 'trust-stores', one: 'Trust store', field: 'pem' },
  crl: { path: 'certificate-revocations', one: 'Certificate revocation list', field: 'pem' },
} as const;

export function addTrust(program: Command, run: Run): void {
  const trust = program
    .command('trust')
    .summary('say whose signatures count in which repositories')
    .description(
      'Says whose signatures count in which repositories. The most specific pattern alone counts, of these records and of the ' +
        'configuration together.',
    );
  trust
    .command('add')
    .summary('let the signatures of publishers count')
    .description(
      'Lets the signatures of publishers count in the repositories of a pattern, such as team/** or team/app.',
    )
    .argument('<host>', 'host[:port] of the registry')
    .argument('<pattern>', 'repositories')
    .requiredOption('--publisher <name...>', 'whose signatures count')
    .addOption(
      new Option('--format <format...>', 'formats that count (default: all in which they sign)').choices(
        signatureFormats,
      ),
    )
    .addHelpText('after', '\nExample:\n  wharf trust add localhost:5000 "team/**" --publisher payments')
    .action(
      run(
        (
          session: Session,
          { publisher, format }: { publisher: string[]; format?: string[] },
          host: string,
          pattern: string,
        ) =>
          addRecordOf(session, host, rules, {
            repositories: pattern,
            publishers: publisher,
            formats: format,
          }),
      ),
    );
  addListCommand(trust, run, rules);
  addEndCommand(trust, run, rules);
  addText(
    trust,
    run,
    'root',
    'a trusted root of Sigstore’s kind, for keyless signatures',
    'trusted_root.json',
  );
  addText(trust, run, 'store', 'a trust store of the Notary Project, such as ca:acme', 'certificates in PEM');
  addText(trust, run, 'crl', 'a revocation list of certificates', 'X509 CRL in PEM');
}

function addText(trust: Command, run: Run, name: keyof typeof texts, what: string, file: string): void {
  const { field, ...record } = texts[name];
  trust
    .command(name)
    .summary(`enter ${what}`)
    .description(`Enters ${what}.`)
    .argument('<host>', 'host[:port] of the registry')
    .argument('<name>', 'what signers call it')
    .argument('<file>', file)
    .action(
      run(async (session: Session, _options: object, host: string, called: string, path: string) =>
        addRecordOf(session, host, record, { name: called, [field]: await readFile(path, 'utf8') }),
      ),
    );
}

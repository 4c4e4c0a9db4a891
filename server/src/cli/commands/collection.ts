import type { Command } from 'commander';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { WharfingerError } from '@wharfinger/lib/errors';
import { addEndCommand, addListCommand, addRecordOf, shown, type RecordNames } from '../record-commands.ts';
import { parseHost, parseImageReference } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

const collections: RecordNames = {
  path: 'collections',
  one: 'Collection',
  many: 'collections',
  columns: [
    ['VERSION', ({ version }) => shown(version)],
    ['FROM', ({ from }) => shown(from)],
    ['SIGNED BY', ({ signers }) => shown(signers)],
  ],
};

export function addCollection(program: Command, run: Run): void {
  const collection = program
    .command('collection')
    .summary('take in collections of routines')
    .description(
      'Takes in collections of routines that were packed and signed elsewhere, besides the one that is built in. Bindings put their ' +
        'routines to work.',
    );
  collection
    .command('use')
    .summary('take in a collection, pinned by its digest')
    .description(
      'Takes in a collection from a repository of this registry or of another one. It must be signed by a key that the registry trusts ' +
        'for releases in repositories of that name; the tests of its routines are run first. Another version of it ends.',
    )
    .argument('<host>', 'host[:port] of the registry that is to use it')
    .argument('<collection>', 'host/repository@digest')
    .addHelpText(
      'after',
      '\nExample:\n  wharf collection use localhost:5000 localhost:5000/rules/base@sha256:…',
    )
    .action(
      run((session: Session, _options: object, where: string, text: string) => {
        const host = parseHost(where);
        const { registry, repository, reference } = parseImageReference(text);
        if (!isDigest(reference)) {
          throw new WharfingerError('USAGE', {
            what: `${text} names no digest`,
            remedy: 'a collection is pinned: write host/repository@sha256:…',
          });
        }
        const elsewhere = registry === host ? {} : { registry };
        return addRecordOf(session, host, collections, { ...elsewhere, repository, digest: reference });
      }),
    );
  addListCommand(collection, run, collections);
  addEndCommand(collection, run, collections);
}

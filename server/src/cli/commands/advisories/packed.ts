import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { describeSet, type FeedKind } from '@wharfinger/lib/advisories/packed-set';
import { parseRecords, readFile } from '@wharfinger/lib/advisories/sources';
import { readEpss, readKev } from '@wharfinger/lib/advisories/threat-sources';
import { canonical } from '@wharfinger/lib/assess/judgement';
import { readVexFile } from '@wharfinger/lib/assess/vex-file';
import { findSet, pushSet } from '@wharfinger/lib/assess/advisory-goods';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { AdvisorySources } from '../../advisory-sources.ts';
import { attachSignatures } from '../../attach-signatures.ts';
import { addCollectionOptions, trustOf, type CollectionOptions } from '../../collection-argument.ts';
import { count, displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { keyOption, readSigningKeys } from '../../key-file.ts';
import { registrySession } from '../../remote-image.ts';
import { parseImageReference, parseTagReference } from '../../repository-argument.ts';
import type { Run, Session } from '../../session.ts';

const kindOption =
  'what it holds: osv records, kev (exploited vulnerabilities), epss (how likely they are to be) or vex (documents)';

export function addPacked(advisories: Command, run: Run): void {
  advisories
    .command('pack')
    .summary('pack OSV records into one file that can be pushed')
    .description(
      'Packs OSV records of files, folders, archives and addresses into one gzipped file, a record on each line, which can be ' +
        'carried, imported, or pushed to a registry. What cannot be read makes it fail, and nothing is written.',
    )
    .argument('<source...>', 'files, folders, or http(s) addresses')
    .requiredOption('-o, --output <file>', 'file to write (.jsonl.gz)')
    .action(run(pack));
  advisories
    .command('push')
    .summary('push a file of advisories to any registry')
    .description(
      'Pushes a file that wharf advisories pack wrote, or a catalogue of exploited vulnerabilities or scores of EPSS, as an OCI ' +
        'artifact; feeds read it as oci://… The whole file is read first: what a feed could not read is not pushed. The tag moves. ' +
        'With --key it is signed.',
    )
    .argument('<file>', 'gzipped file')
    .argument('<reference>', 'host/repository:tag')
    .option('--kind <kind>', kindOption, 'osv')
    .option('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExample:\n  wharf advisories push debian.jsonl.gz localhost:5000/advisories/debian:latest --key feeds.key',
    )
    .action(run(push));
  const pullCommand = advisories
    .command('pull')
    .summary('fetch a file of advisories from any registry')
    .description(
      'Fetches what wharf advisories push pushed. Its signatures are verified before anything of it is read.',
    )
    .argument('<reference>', 'host/repository:tag or host/repository@digest');
  addCollectionOptions(pullCommand)
    .requiredOption('-o, --output <file>', 'file to write')
    .addHelpText(
      'after',
      '\nExample:\n  wharf advisories pull localhost:5000/advisories/debian:latest --key feeds.pub -o debian.jsonl.gz',
    )
    .action(run(pull));
}

async function pack(
  session: Session,
  { output }: { readonly output: string },
  names: string[],
): Promise<ExitCode> {
  const progress = session.progress();
  let records = 0;
  const sources = new AdvisorySources(names, (read) => {
    records = read;
    progress.update(`reading: ${count(read, 'record')}`);
  });
  const draft = `${output}.${process.pid}.part`;
  try {
    await pipeline(
      sources.checkedLines(),
      createGzip({ level: constants.Z_BEST_COMPRESSION }),
      createWriteStream(draft, { flags: 'wx' }),
    );
    const [first] = sources.refused;
    if (first !== undefined)
      throw new WharfingerError('ADVISORIES_UNREADABLE', {
        what: `${first.origin}: ${first.message}; ${sources.refusedCount} in all`,
      });
    await rename(draft, output);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    progress.end();
  }
  const { size } = await stat(output);
  session.result({ output, records, size }, () =>
    displayable(`Wrote ${output}: ${count(records, 'record')}, ${size} bytes`),
  );
  return exitCodes.done;
}

async function push(
  session: Session,
  { kind: text, key: keyFiles = [] }: { readonly kind: string; readonly key?: readonly string[] },
  file: string,
  target: string,
): Promise<ExitCode> {
  const kind = kindOf(text);
  const { registry, repository, tag } = parseTagReference(target);
  const keys = (await readSigningKeys(keyFiles, session)).map(({ key }) => key);
  const records = await readWhole(kind, file);
  const packed = describeSet(kind, await measure(file));
  const remote = await registrySession(registry, session);
  try {
    await pushSet({ session: remote, repository }, tag, packed, () => createReadStream(file));
    const { mediaType, digest, bytes } = packed.manifest;
    const subject = { mediaType, digest, size: bytes.length };
    await attachSignatures(remote, repository, subject, keys, session.now());
    const name = `${registry}/${repository}:${tag}`;
    const signedWith = keys.map(({ id }) => id);
    session.result({ reference: name, digest, kind, records, signedWith }, () =>
      [
        `Pushed ${name}: ${count(records, 'record')}`,
        `  ${digest}`,
        ...signedWith.map((id) => `  signed with ${id}`),
        ...(signedWith.length === 0 ? ['  not signed: --key does it'] : []),
      ]
        .map(displayable)
        .join('\n'),
    );
    return exitCodes.done;
  } finally {
    await remote.close();
  }
}

async function pull(
  session: Session,
  { output, ...options }: CollectionOptions & { readonly output: string },
  text: string,
): Promise<ExitCode> {
  const trust = await trustOf(options);
  const { registry, repository, reference } = parseImageReference(text);
  const remote = await registrySession(registry, session);
  const draft = `${output}.${process.pid}.part`;
  try {
    const set = await findSet(remoteContent(remote, repository), reference, trust, session.now());
    await pipeline(set.open(), createWriteStream(draft, { flags: 'wx' }));
    await rename(draft, output);
    const signedBy = set.signedBy.map(({ principal }) => principal);
    session.result({ output, digest: set.digest, kind: set.kind, size: set.layer.size, signedBy }, () =>
      [
        `Wrote ${output}: ${set.kind}, ${set.layer.size} bytes`,
        `  ${set.digest}`,
        signedBy.length > 0 ? `  signed by ${signedBy.join(', ')}` : '  nobody had to sign it',
      ]
        .map(displayable)
        .join('\n'),
    );
    return exitCodes.done;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await remote.close();
  }
}

/** @throws WharfingerError USAGE */
export function kindOf(text: string): FeedKind {
  if (text === 'osv' || text === 'kev' || text === 'epss' || text === 'vex') return text;
  throw new WharfingerError('USAGE', { what: `--kind ${text} is not one of osv, kev, epss and vex` });
}

/** Reads all of it, and gives the number of entries. */
async function readWhole(kind: FeedKind, file: string): Promise<number> {
  if (kind === 'vex') {
    let documents = 0;
    for await (const item of readFile(file, `${file}.json.gz`)) {
      if ('failure' in item) throw item.failure;
      readVexFile(Buffer.from(canonical(item.record)), item.origin);
      documents += 1;
    }
    return documents;
  }
  if (kind !== 'osv') {
    const { threats } = await (kind === 'kev' ? readKev : readEpss)(file, createReadStream(file));
    return threats.size;
  }
  let records = 0;
  for await (const item of parseRecords(readFile(file, `${file}.jsonl.gz`))) {
    if ('failure' in item) throw item.failure;
    records += 1;
  }
  return records;
}

async function measure(file: string): Promise<{ digest: Digest; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  let head: Buffer | undefined;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    head ??= chunk.subarray(0, 2);
    hash.update(chunk);
    size += chunk.length;
  }
  if (head?.[0] !== 0x1f || head[1] !== 0x8b)
    throw new WharfingerError('USAGE', {
      what: `${file} is not gzipped`,
      remedy: 'pack it first: wharf advisories pack writes it so, gzip does it to a catalogue',
    });
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

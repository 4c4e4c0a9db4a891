import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { rootfsImage, type RootfsImage, type RootfsSettings } from '@wharfinger/lib/assess/rootfs-image';
import {
  architectureOf,
  checkRootfs,
  rootfsCompressions,
  writeRootfsLayer,
  type RootfsCompression,
} from '@wharfinger/lib/assess/rootfs-layer';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { digestHex, isDigest } from '@wharfinger/lib/oci/digest';
import { displayable, formatBytes } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { writeLayoutFolder } from '../oci-layout-folder.ts';
import { registrySession } from '../remote-image.ts';
import { parseImageReference } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';
import { sourceTime } from '../source-time.ts';

interface Options {
  readonly output?: string;
  readonly tag: string;
  readonly platform?: string;
  readonly compression: RootfsCompression;
  readonly created?: string;
  readonly user?: string;
  readonly env: readonly string[];
  readonly entrypoint?: string;
  readonly command?: string;
  readonly workdir?: string;
  readonly label: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addImport(program: Command, run: Run): void {
  program
    .command('import')
    .summary('make an image of the tar of a root file system')
    .description(
      'Makes an image of one layer of a plain tar (also .tar.gz and .tar.zst), and pushes it or writes it as an OCI layout. The ' +
        'tar is streamed. What it is for is told by its programs where --platform does not say it.',
    )
    .argument('<rootfs>', 'the tar; - is standard input')
    .argument('[image]', 'host/repository:tag to push it to')
    .option('-o, --output <folder>', 'write an OCI layout instead')
    .option('--tag <tag>', 'name of the image in the layout', 'latest')
    .option('--platform <os/arch>', 'what it runs on (default: linux, and what most of its programs are for)')
    .addOption(new Option('--compression <kind>', 'of the layer').choices(rootfsCompressions).default('gzip'))
    .option('--created <time>', 'RFC 3339 (default: SOURCE_DATE_EPOCH, else now)')
    .option('--user <user>', 'whom it runs as')
    .option('--env <name=value>', 'environment variable; may be given again', collect, [])
    .option('--entrypoint <words>', 'a program, or a JSON list of a program and its arguments')
    .option('--command <words>', 'the same for the default command')
    .option('--workdir <folder>', 'folder that it starts in')
    .option('--label <name=value>', 'label; may be given again', collect, [])
    .addHelpText(
      'after',
      '\nExamples:\n  wharf import rootfs.tar.gz localhost:5000/team/base:1 --command /bin/sh\n' +
        '  debootstrap bookworm root && tar -C root -c . | wharf import - -o layout',
    )
    .action(run(importRootfs));
}

async function importRootfs(
  session: Session,
  options: Options,
  file: string,
  image: string | undefined,
): Promise<ExitCode> {
  const target = targetOf(options, image);
  const settings = settingsOf(options, session);
  if (options.output !== undefined) await checkFree(options.output);
  const folder = await mkdtemp(join(tmpdir(), 'wharf-import-'));
  try {
    const place = join(folder, 'layer');
    const written = await writeLayer(file, place, options.compression);
    const inventory = await inspect(session, { digest: written.digest, path: place });
    checkRootfs(inventory);
    const found = { ...settings, ...(settings.platform ?? toldPlatform(inventory, file)) };
    const made = rootfsImage(written, options.compression, found);
    if (target === undefined) await writeLayout(options.output!, made, place, options.tag);
    else await push(target, made, place, session);
    const name = image ?? options.output!;
    const { digest } = made.manifest;
    const { os, architecture } = found;
    const said = {
      image: name,
      digest,
      layer: made.layer.digest,
      diffId: written.diffId,
      size: written.size,
    };
    session.result({ ...said, platform: `${os}/${architecture}`, entries: inventory.entries }, () =>
      displayable(
        `Imported ${file} as ${name}: ${digest}, ${os}/${architecture}, ${inventory.entries} entries, ${formatBytes(written.size)}`,
      ),
    );
    return exitCodes.done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Target = ReturnType<typeof parseImageReference>;

function targetOf({ output }: Options, image: string | undefined): Target | undefined {
  if ((image === undefined) === (output === undefined))
    throw usage('give either an image to push, or --output', 'see wharf help import');
  if (image === undefined) return undefined;
  const target = parseImageReference(image);
  if (isDigest(target.reference))
    throw usage(`${image} names a digest, which is not known yet`, 'give a tag');
  return target;
}

function usage(what: string, remedy: string): WharfingerError {
  return new WharfingerError('USAGE', { what, remedy });
}

type Settings = Omit<RootfsSettings, 'os' | 'architecture' | 'variant'> & {
  readonly platform: Pick<RootfsSettings, 'os' | 'architecture' | 'variant'> | undefined;
};

function settingsOf(options: Options, session: Session): Settings {
  const { user, env, entrypoint, command, workdir, label, created } = options;
  for (const one of [...env, ...label])
    if (!/^[^=]+=/.test(one)) throw usage(`${JSON.stringify(one)} is not NAME=value`, 'write NAME=value');
  const time = created === undefined ? undefined : new Date(created);
  if (time !== undefined && Number.isNaN(time.getTime()))
    throw usage(`--created ${JSON.stringify(created)} is no time`, 'write 2026-01-31T12:00:00Z');
  return {
    platform: platformOf(options.platform),
    created: time ?? sourceTime(session) ?? session.now(),
    env,
    labels: Object.fromEntries(
      label.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
    ),
    ...(user !== undefined && { user }),
    ...(workdir !== undefined && { folder: workdir }),
    ...(entrypoint !== undefined && { entrypoint: wordsOf(entrypoint, '--entrypoint') }),
    ...(command !== undefined && { command: wordsOf(command, '--command') }),
  };
}

function platformOf(text: string | undefined): Settings['platform'] {
  if (text === undefined) return undefined;
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined)
    throw usage(
      `--platform ${JSON.stringify(text)} is no platform`,
      'write os/architecture, such as linux/arm64',
    );
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

function wordsOf(text: string, option: string): readonly string[] {
  if (!text.trimStart().startsWith('[')) return [text];
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // said below
  }
  throw usage(
    `${option} ${JSON.stringify(text)} is no JSON list of texts`,
    'write a program, or ["program","argument"]',
  );
}

function toldPlatform(inventory: LayerInventory, file: string): NonNullable<Settings['platform']> {
  const told = architectureOf(inventory);
  if (told !== undefined) return { os: 'linux', ...told };
  throw usage(
    `the programs in ${file} do not tell what it runs on`,
    'say it with --platform, such as linux/amd64',
  );
}

async function writeLayer(file: string, place: string, compression: RootfsCompression) {
  const handle = await open(place, 'wx', 0o600);
  try {
    const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 });
    return await writeRootfsLayer(source, compression, async (piece) => handle.writeFile(piece));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw error;
    throw new WharfingerError('ROOTFS_INVALID', { what: `${file}: ${message}`, remedy: 'give a tar' });
  } finally {
    await handle.close();
  }
}

async function inspect(
  session: Session,
  { digest, path }: { readonly digest: LayerInventory['digest']; readonly path: string },
): Promise<LayerInventory> {
  for await (const layer of session.inspectLayers([{ digest, source: { path } }])) return layer;
  throw new WharfingerError('ROOTFS_INVALID', { what: 'it could not be read' });
}

async function checkFree(folder: string): Promise<void> {
  const found = await stat(join(folder, 'index.json')).catch(() => undefined);
  if (found !== undefined) throw usage(`${folder} holds a layout already`, 'give another folder');
}

async function writeLayout(folder: string, made: RootfsImage, place: string, tag: string): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  await copyFile(place, join(blobs, digestHex(made.layer.digest)));
  await writeLayoutFolder(folder, { manifest: made.manifest, blobs: [made.config] }, tag);
}

async function push(target: Target, made: RootfsImage, place: string, session: Session): Promise<void> {
  const registry = await registrySession(target.registry, session);
  try {
    const { config, layer, manifest } = made;
    await pushBlob(registry, target.repository, layer, () => createReadStream(place));
    await pushBlob(registry, target.repository, config.descriptor, async function* () {
      yield config.bytes;
    });
    await pushManifest(registry, target.repository, target.reference, manifest);
  } finally {
    await registry.close();
  }
}

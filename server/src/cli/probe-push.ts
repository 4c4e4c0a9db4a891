import { copyImage } from '@wharfinger/lib/client/copy';
import { chooseImage } from '@wharfinger/lib/client/image-source';
import { openContent } from '@wharfinger/lib/client/open-content';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isIndexType } from '@wharfinger/lib/oci/media-types';
import { readDeclaration } from '@wharfinger/lib/probes/declaration';
import { attachSignatures } from './attach-signatures.ts';
import { displayable } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { ownPlatform } from './image-options.ts';
import { readSigningKeys } from './key-file.ts';
import { registrySession } from './remote-image.ts';
import { parseTagReference } from './repository-argument.ts';
import type { Session } from './session.ts';

/** `wharf probe push`. */
export async function pushProbe(
  session: Session,
  options: { readonly key?: readonly string[] },
  source: string,
  target: string,
): Promise<ExitCode> {
  const { registry: host, repository, tag } = parseTagReference(target);
  const keys = (await readSigningKeys(options.key ?? [], session)).map(({ key }) => key);
  await using opened = new AsyncDisposableStack();
  const { content, fetched, close } = await openContent(source, {
    session: (registry) => registrySession(registry, session),
  });
  opened.defer(close);
  if (isIndexType(fetched.mediaType))
    throw new WharfingerError('PROBE_INVALID', {
      what: `${source} is an index, and a probe is one image`,
      remedy: 'build it for one platform, or name one of its images by digest',
    });
  const image = await chooseImage(content, fetched, ownPlatform);
  const { name, version } = readDeclaration(await image.config());
  const registry = await registrySession(host, session);
  opened.defer(() => registry.close());
  const { digest } = await copyImage(content, { session: registry, repository }, fetched.digest, {
    referrers: true,
    tag,
  });
  const subject = { mediaType: fetched.mediaType, digest, size: fetched.bytes.length };
  const signatures = await attachSignatures(registry, repository, subject, keys, session.now());
  const pinned = `${repository}@${digest}`;
  session.result({ probe: { name, version }, image: `${host}/${pinned}`, signatures }, () =>
    [
      displayable(`Pushed ${name} ${version} as ${host}/${pinned}${keys.length > 0 ? ', signed' : ''}.`),
      'To have the registry run it, add to its configuration:',
      '  probes:',
      '    run:',
      `      - { repositories: 'team/**', name: ${name}, probe: '${pinned}' }`,
    ].join('\n'),
  );
  return exitCodes.done;
}

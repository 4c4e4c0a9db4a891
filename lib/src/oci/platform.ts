/** Other spellings, as containerd's `platforms.Normalize` takes them. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  armhf: 'arm',
  armel: 'arm',
};
const systems: Readonly<Record<string, string>> = { macos: 'darwin' };

/**
 * Whether an engine that wants images for one platform may take this one. Where engines differ it says yes: an image too many
 * is judged, none too few. Spellings and cases are those that containerd holds to be equal.
 *
 * @param platform os/architecture[/variant] as an index or a configuration has it; without a system it is for any
 * @param wanted os/architecture[/variant]; without a variant any is meant
 */
export function isForPlatform(platform: string, wanted: string): boolean {
  const [here, there] = [partsOf(platform), partsOf(wanted)];
  return (
    (here.os === '' || here.os === there.os) &&
    here.architecture === there.architecture &&
    (here.variant === '' || there.variant === '' || here.variant === there.variant)
  );
}

/** What a registry says to lie in an index. */
interface Listed {
  readonly platform?: string | null | undefined;
  /** an index in the index */
  readonly nested?: true | undefined;
}

/**
 * Of what a registry says to lie in an index, what counts where images for a platform are wanted. An index
 * in an index always does.
 */
export function ofPlatform<T extends Listed>(listed: readonly T[], wanted: string | undefined): readonly T[] {
  if (wanted === undefined) return listed;
  return listed.filter(
    ({ platform, nested }) =>
      nested === true || (typeof platform === 'string' && isForPlatform(platform, wanted)),
  );
}

function partsOf(platform: string): { os: string; architecture: string; variant: string } {
  const parts = platform.toLowerCase().split('/');
  const [os = '', architecture = '', variant = ''] = parts.length === 1 ? ['', ...parts] : parts;
  return {
    os: systems[os] ?? os,
    architecture: architectures[architecture] ?? architecture,
    variant: variant.replace(/^(?=\d)/, 'v'),
  };
}

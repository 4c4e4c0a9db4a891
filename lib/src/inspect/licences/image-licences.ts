import type { FileRecord } from '../file-facts.ts';
import type { Package } from '../inventory.ts';
import type { Folder, MergedTree } from '../merged-tree.ts';
import type { PackageType } from '../packages/package-types.ts';
import { tooMuch, written } from './expression.ts';
import { normaliseLicence, type LicenceStyle } from './normalise.ts';

/** What is known of the licence of a package, in the words of SPDX. */
export type KnownLicence = Pick<Package, 'spdx' | 'partly' | 'licenceFrom'>;

type LicenceRecord = FileRecord & { readonly kind: 'licence' };
type Told = Pick<KnownLicence, 'spdx' | 'partly'>;

const styles: Partial<Record<PackageType, LicenceStyle>> = {
  apk: 'apk',
  rpm: 'rpm',
  deb: 'deb',
  cargo: 'cargo',
};

/**
 * Characters that are kept of the licences of one image. Real ones take a hundredth of it; many packages may point to one long
 * file.
 */
const mostCharacters = 16 * 1024 ** 2;

/** Files beside one package that are looked at; no package has as many licences. */
const mostTexts = 50;

/**
 * Finds out what the licences of an image's packages are: by their own records; by Debian's copyright files; and where a record
 * says nothing that is known, by the texts that lie beside its package.
 */
export class ImageLicences {
  readonly #tree: MergedTree;
  #characters = 0;
  readonly #normalised = new Map<string, Told | undefined>();

  constructor(tree: MergedTree) {
    this.#tree = tree;
  }

  /**
   * @param path of the file that records the package
   * @param inside what the texts say that lie in its archive
   */
  of(one: Pick<Package, 'type' | 'name' | 'licence'>, path: string, inside?: Told): KnownLicence {
    const known = this.#of(one, path, inside);
    const { spdx, partly } = known;
    this.#characters += spdx?.length ?? 0;
    for (const text of partly === undefined ? [] : [partly.spdx, ...partly.unknown])
      this.#characters += text.length;
    return this.#characters > mostCharacters && known.licenceFrom !== undefined
      ? { ...tooMuch, licenceFrom: known.licenceFrom }
      : known;
  }

  #of(
    { type, name, licence }: Pick<Package, 'type' | 'name' | 'licence'>,
    path: string,
    inside: Told | undefined,
  ): KnownLicence {
    const recorded = licence === undefined ? undefined : this.#recorded(licence, styles[type] ?? 'plain');
    if (recorded?.spdx !== undefined) return { ...recorded, licenceFrom: 'record' };
    if (type === 'deb') {
      const copyright = this.#recordsAt(`usr/share/doc/${name}/copyright`)[0];
      if (copyright !== undefined) return { ...toldBy(copyright), licenceFrom: 'copyright' };
    }
    const text = inside ?? this.#textsBeside(type, name, path);
    // A text says which of several licences a name means; it does not say what else a record means.
    const tellsMore =
      recorded?.partly === undefined ||
      !/(?:^|[ (])(?!LicenseRef-unknown-|AND|OR|WITH)\S/.test(recorded.partly.spdx);
    if (text !== undefined && tellsMore && (recorded === undefined || text.spdx !== undefined))
      return { ...text, licenceFrom: 'text' };
    return recorded === undefined ? {} : { ...recorded, licenceFrom: 'record' };
  }

  #recorded(licence: string, style: LicenceStyle): Told | undefined {
    const key = `${style} ${licence}`;
    if (this.#normalised.has(key)) return this.#normalised.get(key);
    const found = normaliseLicence(licence, style);
    const told = found === undefined ? undefined : written(found);
    this.#normalised.set(key, told);
    return told;
  }

  #recordsAt(path: string): LicenceRecord[] {
    const { node } = this.#tree.walk(path);
    return node?.kind === 'file' ? node.records.filter(isLicence) : [];
  }

  /** All texts together: whoever keeps to all of them keeps to the one that may be chosen as well. */
  #textsBeside(type: PackageType, name: string, path: string): Told | undefined {
    const texts = foldersOf(type, name, path)
      .flatMap((folder) => this.#textsIn(folder))
      .slice(0, mostTexts);
    if (texts.length === 0) return undefined;
    if (texts.length === 1) return texts[0];
    const whole = texts.map(({ spdx, partly }) => spdx ?? partly!.unknown.join(' and '));
    const known = texts.every(({ spdx }) => spdx !== undefined);
    const unique = [...new Set(whole)];
    if (known) {
      const found = normaliseLicence(unique.map((one) => `(${one})`).join(' AND '));
      return found === undefined ? undefined : written(found);
    }
    return { partly: { spdx: 'LicenseRef-unknown-0', unknown: [unique.join('; ').slice(0, 200)] } };
  }

  #textsIn(folder: string): Told[] {
    const { node } = this.#tree.walk(folder);
    return node?.kind === 'folder' ? recordsIn(node).map(toldBy) : [];
  }
}

function recordsIn(folder: Folder): LicenceRecord[] {
  return [...folder.children.values()].flatMap((node) =>
    node.kind === 'file' ? node.records.filter(isLicence).filter(({ form }) => form === 'text') : [],
  );
}

function isLicence(record: FileRecord): record is LicenceRecord {
  return record.kind === 'licence';
}

function toldBy({ spdx, partly }: LicenceRecord): Told {
  return { ...(spdx === undefined ? {} : { spdx }), ...(partly === undefined ? {} : { partly }) };
}

/** Where the licences of a package lie, by the file that records it. */
function foldersOf(type: PackageType, name: string, path: string): string[] {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (type === 'npm' && path.endsWith('/package.json')) return [folder];
  if (type === 'pypi' && path.endsWith('/METADATA'))
    return [folder, `${folder}/licenses`, `${folder}/license_files`];
  if (type === 'gem') {
    const found = /^(.*)\/specifications\/(?:default\/)?([^/]+)\.gemspec$/.exec(path);
    return found === null ? [] : [`${found[1]}/gems/${found[2]}`];
  }
  if (type === 'rpm' || type === 'apk') return [`usr/share/licenses/${name}`];
  if (type === 'composer' && path.endsWith('/composer/installed.json'))
    return [`${folder.slice(0, folder.lastIndexOf('/'))}/${name}`];
  return [];
}

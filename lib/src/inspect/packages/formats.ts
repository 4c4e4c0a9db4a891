import type { FileObserver } from '../reading.ts';
import { dotnetFormat } from './dotnet.ts';
import { sbomFormat } from './embedded-sbom.ts';
import { goFormat } from './go-format.ts';
import { javaFormat } from './java.ts';
import { nodeFormat } from './node.ts';
import { pythonFormat } from './python.ts';
import { pythonArchiveFormat } from './python-archive.ts';
import { rustFormat } from './rust.ts';
import { phpFormat } from './php.ts';
import { rubyFormat } from './ruby.ts';

/** One form in which the tools of a language record packages: what finds it, and where it counts. */
export interface PackageFormat {
  /** as facts of kind `packages` name it */
  readonly name: string;
  /** finds records by what files begin with as well as by their names, since links may lead to them */
  readonly observe: FileObserver;
  /** whether a record counts at a path of the merged file system; absent: wherever it lies */
  readonly countsAt?: (path: string) => boolean;
}

/** All forms that are read. To read another one, write it into a file of its own and add its line. */
export const packageFormats: readonly PackageFormat[] = [
  nodeFormat,
  goFormat,
  rubyFormat,
  phpFormat,
  dotnetFormat,
  sbomFormat,
  pythonFormat,
  pythonArchiveFormat,
  javaFormat,
  rustFormat,
];

const byName: ReadonlyMap<string, PackageFormat> = new Map(
  packageFormats.map((format) => [format.name, format]),
);

/** True where a record of this form counts at this path of the merged file system. */
export function countsAt(format: string, path: string): boolean {
  const found = byName.get(format);
  return found !== undefined && (found.countsAt?.(path) ?? true);
}

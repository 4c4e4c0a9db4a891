import type { FileObserver } from '../reading.ts';
import { unknownLicence, written, type Licence } from './expression.ts';
import { readDep5 } from './dep5.ts';
import { readFreeForm } from './free-form.ts';
import { recogniseText } from './recognise-text.ts';

/** Bytes of the longest file that is read for licences; of a longer one nothing is known. */
const longestFile = 256 * 1024;

/** Folders in which the tools of languages put packages, each with its licence beside it. */
const packageFolders = /(?:^|\/)(?:node_modules|gems|vendor|[^/]+\.(?:dist|egg)-info)\//;
const licenceName = /^(?:licen[cs]e|unlicense|copying)(?:[-._][\w.-]*)?$/i;
/** Of a folder of licences in what Python installed every file is one (PEP 639). */
const licenceFolder = /\.dist-info\/licen[cs]es\//;
/** Where distributions put the licences of a package, whatever they are called. */
const systemFolder = /^usr\/share\/licenses\/[^/]+\/(?!notice|authors|readme)[^/]+$/i;

/** Reads Debian's copyright files and the licences that lie beside packages of languages. */
export const observeLicences: FileObserver = ({ path, size }, _limits, listener) => {
  const isCopyright = isCopyrightFile(path);
  if (!isCopyright && !isLicenceFile(path)) return undefined;
  const form = isCopyright ? 'copyright' : 'text';
  const tell = (licence: Licence): void => listener.fact({ kind: 'licence', form, ...written(licence) });
  if (size > longestFile) {
    tell(unknownLicence(`a file of ${size} bytes, which is too long to be read`));
    return undefined;
  }
  const use = (bytes: Buffer): void => {
    const text = bytes.toString('utf8');
    const found = isCopyright ? (readDep5(text) ?? readFreeForm(text)) : recogniseText(text);
    tell(found ?? unknownLicence(isCopyright ? 'a copyright file in words of its own' : 'a text of its own'));
  };
  return { how: 'keep', limit: longestFile, use };
};

/** True for the copyright file of a package of Debian, wherever links may lead to it. */
function isCopyrightFile(path: string): boolean {
  return path.endsWith('/copyright') && /(?:^|\/)usr\/share\/doc\/[^/]+\/copyright$/.test(path);
}

/** True for a licence beside a package of a language. */
function isLicenceFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const first = name.charCodeAt(0) | 0x20;
  const mayBe = first === 0x6c || first === 0x75 || first === 0x63;
  if (mayBe && licenceName.test(name) && packageFolders.test(path))
    return !/\.(?:js|mjs|cjs|ts|py|rb|json)$/.test(name);
  if (path.startsWith('usr/share/licenses/')) return systemFolder.test(path);
  return path.includes('.dist-info/') && licenceFolder.test(path);
}

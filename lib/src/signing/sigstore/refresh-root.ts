import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { isWharfingerError, WharfingerError } from '../../errors.ts';
import { parseSigstoreRoot } from './root.ts';

const target = 'trusted_root.json';

export interface RootRefresh {
  /** of the repository, as https://tuf-repo-cdn.sigstore.dev */
  readonly url: string;
  /** root.json of the repository, of any version that is known to be genuine: everything else is trusted by it */
  readonly firstRoot: Uint8Array;
  /** where to remember what was seen, so that nothing older is taken later; may be empty or not be there yet */
  readonly folder: string;
  readonly fetch: (url: string) => Promise<Response>;
}

/**
 * Fetches the trusted root of an instance of Sigstore from its repository, by The Update Framework (TUF specification,
 * section 5): signed by its keepers, neither expired nor older than what was seen before. Expiry is judged by the clock of
 * this machine.
 *
 * @returns trusted_root.json, as text
 * @throws WharfingerError REMOTE_FAILED: it cannot be reached; TRUSTED_ROOT_INVALID: what it gave is not to be trusted
 */
export async function refreshSigstoreRoot({ url, firstRoot, folder, fetch }: RootRefresh): Promise<string> {
  const state = join(folder, stateName(url, firstRoot));
  await mkdir(join(state, 'targets'), { recursive: true });
  await rememberFirst(join(state, 'root.json'), firstRoot);
  let text: string;
  try {
    const updater = new Updater({
      metadataDir: state,
      metadataBaseUrl: url,
      targetDir: join(state, 'targets'),
      targetBaseUrl: `${url.replace(/\/+$/, '')}/targets`,
      fetcher: new PassedFetcher(fetch),
    });
    const info = await updater.getTargetInfo(target);
    if (info === undefined) throw new Error(`it has no ${target}`);
    text = await readFile(await updater.downloadTarget(info), 'utf8');
  } catch (error) {
    if (isWharfingerError(error)) throw error;
    throw new WharfingerError('TRUSTED_ROOT_INVALID', {
      what: `${url} gave nothing that can be trusted: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'check the address and root.json; if both are right, tell who keeps the repository',
      cause: error,
    });
  }
  parseSigstoreRoot(text);
  return text;
}

/** What is remembered is that of one repository and one beginning: another root.json begins anew. */
function stateName(url: string, firstRoot: Uint8Array): string {
  return createHash('sha256').update(`${url}\n`).update(firstRoot).digest('hex').slice(0, 32);
}

async function rememberFirst(file: string, firstRoot: Uint8Array): Promise<void> {
  try {
    await writeFile(file, firstRoot, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Asks by what was passed in; lengths are checked by who reads. */
class PassedFetcher extends BaseFetcher {
  readonly #fetch: RootRefresh['fetch'];

  constructor(fetch: RootRefresh['fetch']) {
    super();
    this.#fetch = fetch;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    let response: Response;
    try {
      response = await this.#fetch(url);
    } catch (cause) {
      throw new WharfingerError('REMOTE_FAILED', { what: `${url} cannot be reached`, cause });
    }
    if (response.ok && response.body !== null) return response.body;
    await response.body?.cancel();
    // By these two the repository says that there is no newer root.
    if (response.status === 403 || response.status === 404) {
      throw new DownloadHTTPError(`${url} answered ${response.status}`, response.status);
    }
    throw new WharfingerError('REMOTE_FAILED', { what: `${url} answered ${response.status}` });
  }
}

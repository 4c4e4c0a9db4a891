import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianLayouts, type Layouts } from '../harness/debian-image.ts';
import { run, words } from '../harness/command.ts';
import { types, verifiedBlobs } from '../harness/oci-layout.ts';
import { startProduct, type Product } from '../harness/product.ts';

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';

/** What a test of a client needs: the product, a real image, and a home folder in which the client finds nothing. */
export interface Setting extends AsyncDisposable {
  readonly product: Product;
  readonly folder: string;
  readonly layouts: Layouts;
  /** environment in which clients keep what they keep in `folder` */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the product with this configuration for one client's tests. */
export async function openSetting(config?: object): Promise<Setting> {
  // short, because engines put sockets below it
  const folder = mkdtempSync(join(tmpdir(), 'wi-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const layouts = await debianLayouts();
  const product = await startProduct({ folder, ...(config === undefined ? {} : { config }) });
  return {
    product,
    folder,
    layouts,
    env: { HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home, DOCKER_CONFIG: home },
    async [Symbol.asyncDispose]() {
      await product.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The Debian image as `docker save` writes it, named made/debian:1; some engines take in nothing else. */
export async function debianArchive(setting: Setting): Promise<string> {
  const archive = join(setting.folder, 'debian.tar');
  const to = `docker-archive:${archive}:made/debian:1`;
  await run(words`skopeo copy oci:${setting.layouts.debian}:debian ${to}`, { env: setting.env });
  return archive;
}

/** The digest a tag has, as the registry says. */
export async function digestOfTag(product: Product, repository: string, tag: string): Promise<string> {
  const answer = await fetch(`${product.url}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: {
      authorization: product.authorization,
      accept: `${types.manifest}, ${types.index}, ${dockerManifest}`,
    },
  });
  if (answer.status !== 200) throw new Error(`${repository}:${tag} answered ${answer.status}`);
  return answer.headers.get('docker-content-digest') ?? '';
}

/** Digests of everything below what the registry serves, every byte fetched and hashed by an independent client. */
export async function servedBlobs(setting: Setting, repository: string, tag: string): Promise<string[]> {
  const out = join(setting.folder, `served-${Math.random().toString(36).slice(2)}`);
  const { product } = setting;
  const copy = words`skopeo copy --all --preserve-digests --src-tls-verify=false`;
  const from = `docker://${product.host}/${repository}:${tag}`;
  const credentials = `--src-creds=${product.user}:${product.password}`;
  await run([...copy, credentials, from, `oci:${out}:served`], { env: setting.env });
  const blobs = await verifiedBlobs(out);
  rmSync(out, { recursive: true });
  return blobs;
}

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProduct, type Product } from '../harness/product.ts';
import {
  checkedVerdict,
  visitor,
  type Pushable,
  type Told,
  type Visitor,
} from '../harness/registry-client.ts';

const inspector = { name: 'inspector', password: 'looks-into-what-is-held' };
const reader = { name: 'reader', password: 'reads-and-nothing-else' };

/** The product with a namespace that holds what did not pass, and an eye on its memory. */
export interface Setting extends AsyncDisposable {
  readonly product: Product;
  readonly admin: Visitor;
  readonly reader: Visitor;
  /** Pushes an image and waits until it has been looked into. */
  inspect(name: string, image: Pushable): Promise<Inspected>;
  /** the most that the product and what it starts had resident while images were looked into, in bytes */
  readonly peaks: { server: number; workers: number };
}

export interface Inspected {
  readonly repository: string;
  readonly verdict: Told;
  readonly complete: boolean;
  readonly problems: readonly string[];
  /** `name version` */
  readonly packages: readonly string[];
  /** status of a GET of the manifest by somebody who may pull */
  readonly status: number;
}

interface Known {
  readonly inventory: {
    readonly complete: boolean;
    readonly problems: ReadonlyArray<{ readonly code: string; readonly hides: boolean }>;
    readonly packages: ReadonlyArray<{ readonly name: string; readonly version: string }>;
  };
}

/** Starts it, with advisories about Debian 12 that concern no package, so that images of it can pass. */
export async function openSetting(): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const rights = (actions: readonly string[]) => [{ repositories: '**', actions }];
  const product = await startProduct({
    folder,
    config: {
      namespaces: [{ name: 'strict', gate: 'hold' }],
      users: [
        { ...inspector, rights: rights(['pull', 'inspect']) },
        { ...reader, rights: rights(['pull']) },
      ],
    },
  });
  const admin = visitor(product.url, { name: product.user, password: product.password });
  await admin.post('advisories', aboutNothing);
  const as = { inspector: visitor(product.url, inspector), reader: visitor(product.url, reader) };
  const peaks = { server: 0, workers: 0 };
  const ofServer = commandOf(product.pid);
  // one that has just begun is still a copy of the server, with all its memory
  const residentOf = (child: number): number => (commandOf(child) === ofServer ? 0 : resident(child));
  const watch = setInterval(() => {
    peaks.server = Math.max(peaks.server, resident(product.pid));
    for (const child of childrenOf(product.pid)) peaks.workers = Math.max(peaks.workers, residentOf(child));
  }, 20);
  return {
    product,
    admin,
    reader: as.reader,
    peaks,
    async inspect(name, image) {
      const repository = `strict/${name.toLowerCase()}`;
      const digest = await admin.push(repository, image, 'v1');
      const verdict = await checkedVerdict(as.reader, repository, digest);
      const { json } = await as.inspector.api<Known>('images', { repository, reference: digest });
      const { complete, problems, packages } = json.inventory;
      return {
        repository,
        verdict,
        complete,
        problems: [...new Set(problems.filter(({ hides }) => hides).map(({ code }) => code))].sort(),
        packages: packages.map((one) => `${one.name} ${one.version}`).sort(),
        status: (await as.reader.send('GET', `/v2/${repository}/manifests/v1`)).status,
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(watch);
      await product.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const aboutNothing = ['Debian:12', 'npm', 'Go']
  .map((ecosystem, at) => ({
    id: `TEST-${at}`,
    modified: '2026-01-01T00:00:00Z',
    affected: [
      {
        package: { ecosystem, name: 'in-no-image' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
      },
    ],
  }))
  .map((record) => JSON.stringify(record))
  .join('\n');

function resident(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startProduct } from '../harness/product.ts';
import { lacksTools } from '../requirements.ts';
import { contentOf, created, manifestOf, openClient, pushBlob, putManifest, type Content } from './client.ts';
import { isSync, missing, unproven, type Acknowledged } from './proof.ts';
import { parseTrace, straceCommand, type TraceEvent } from './trace.ts';

// kill -9 keeps what the kernel has not written yet: only the order of system calls shows what a power loss would take
describe.skipIf(lacksTools(['strace']))('the system calls before an answer 201', () => {
  let events: TraceEvent[];
  let acknowledged: Acknowledged[];

  beforeAll(async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trace-')));
    const trace = join(folder, 'trace.txt');
    const under = straceCommand(trace);
    const product = await startProduct({ folder, under, env: { UV_USE_IO_URING: '0' } });
    const client = openClient(product.host, product.authorization);
    // several at once, so that grouped commits are traced too
    const pushed = await Promise.all(
      Array.from({ length: 4 }, async (_, worker) => {
        const done: Acknowledged[] = [];
        for (let image = 0; image < 5; image += 1) {
          const blobs = ['config', 'layer'].map((part) => marked(`${part}-of-image-${image}-by-${worker}`));
          const repository = `traced/by-${worker}`;
          for (const { content, marker } of blobs) {
            await created(pushBlob(client, repository, content));
            done.push({ digest: content.digest, marker });
          }
          const manifest = manifestOf(blobs[0]!.content, [blobs[1]!.content]);
          await created(putManifest(client, repository, `v${image}`, manifest));
          done.push({ digest: manifest.digest });
        }
        return done;
      }),
    );
    acknowledged = pushed.flat();
    client.close();
    await product.stop();
    events = parseTrace(readFileSync(trace, 'utf8'));
    rmSync(folder, { recursive: true });
  });

  it('prove that all of it was on disk', () => {
    expect(acknowledged).toHaveLength(60);
    expect(unproven(events, acknowledged)).toEqual([]);
  });

  const isLog = ({ path }: TraceEvent): boolean => path.endsWith('-wal');
  const isFolder = (event: TraceEvent): boolean => /\/blobs(\/[0-9a-f]{2})?$/.test(event.path);
  const taken: ReadonlyArray<readonly [what: keyof typeof missing, is: (event: TraceEvent) => boolean]> = [
    ['data', (event) => isSync(event) && !isLog(event) && !isFolder(event)],
    ['rename', ({ call }) => /^(rename|link)/.test(call)],
    ['directory', (event) => isSync(event) && isFolder(event)],
    ['log', (event) => isSync(event) && isLog(event)],
  ];

  it.each(taken)('prove nothing without: %s', (what, is) => {
    const found = unproven(
      events.filter((event) => !is(event)),
      acknowledged,
    );
    const concerned = what === 'log' ? 60 : 40;
    expect(found.filter((line) => line.endsWith(missing[what]))).toHaveLength(concerned);
  });

  it.each(taken)('prove nothing where this comes after the answer: %s', (what, is) => {
    const late = events.map((event) =>
      is(event) ? { ...event, begin: Number.MAX_SAFE_INTEGER, end: Number.MAX_SAFE_INTEGER } : event,
    );
    const found = unproven(late, acknowledged);
    expect(found.filter((line) => line.endsWith(missing[what])).length).toBeGreaterThanOrEqual(40);
  });

  it('prove nothing where a single sync is taken away', () => {
    const [{ digest }] = acknowledged as [Acknowledged];
    const answer = events.find(({ text }) => text.includes('HTTP/1.1 201 ') && text.includes(digest))!;
    const without = events.filter((event) => !(isSync(event) && event.end < answer.begin && isLog(event)));
    expect(unproven(without, acknowledged)).toContain(`${digest}: ${missing.log}`);
  });
});

/** Bytes in which a text stands that no other file has. */
function marked(name: string): { content: Content; marker: string } {
  const marker = `<<${name}>>`;
  return { content: contentOf(Buffer.from(marker.repeat(300))), marker };
}

describe('a trace is read', () => {
  it('with calls that others interrupt, and without those that failed', () => {
    const events = parseTrace(
      [
        '10 fsync(5</a/b> <unfinished ...>',
        '11 write(6<socket:[7]>, "HTTP/1.1 201 Created", 20) = 20',
        '10 <... fsync resumed>)              = 0',
        '10 rename("/a/x", "/a/y") = -1 ENOENT (No such file or directory)',
      ].join('\n'),
    );
    expect(events).toMatchObject([
      { call: 'write', path: 'socket:[7]', begin: 1, end: 1 },
      { call: 'fsync', path: '/a/b', begin: 0, end: 2 },
    ]);
  });
});

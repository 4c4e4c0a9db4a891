import { expect, test } from 'vitest';
import { LimitedProcess, type Confinement } from './limited-process.ts';

const limits: Confinement = { memory: 1024 ** 3, seconds: 60, answer: 100, task: 'the test' };

/** What is said of a process that runs this code. */
async function said(code: string, own: Partial<Confinement> = {}) {
  const run = new LimitedProcess(
    { file: process.execPath, args: ['-e', code], env: {} },
    { ...limits, ...own },
  );
  try {
    return await run.next(async (bytes) => ({ text: bytes.toString() }));
  } finally {
    await run.end();
  }
}

/** Sends the first bytes of an answer, then does this. */
const breakOff = (then: string): string =>
  `const fs = require('node:fs'); fs.writeSync(1, Buffer.from([0, 0, 0, 5, 0x61])); ${then}`;

test('an answer is given when it is whole', async () => {
  const whole = `require('node:fs').writeSync(1, Buffer.from([0, 0, 0, 1, 0x61])); setInterval(() => {}, 1000);`;
  expect(await said(whole)).toEqual({ value: { text: 'a' } });
});

test('how a process ended is said where its answer breaks off', async () => {
  const codes = async (then: string, own?: Partial<Confinement>) =>
    ((await said(breakOff(then), own)) as { failure: { code: string; message: string } }).failure;
  expect(await codes(`process.kill(process.pid, 'SIGXCPU'); setInterval(() => {}, 1000);`)).toEqual({
    code: 'timeout',
    message: 'the test takes too much processor time',
  });
  expect(await codes(`console.error('heap out of memory'); process.exit(134);`)).toMatchObject({
    code: 'out-of-memory',
  });
  expect(await codes('process.exit(3);')).toEqual({
    code: 'crashed',
    message: 'the process ended with code 3',
  });
});

test('a process that closes its output and stays is ended in time', async () => {
  const stays = breakOff(`fs.closeSync(1); setInterval(() => {}, 1000);`);
  expect(await said(stays, { seconds: 3 })).toMatchObject({ failure: { code: 'timeout' } });
});

test('a process whose answer is too long is ended', async () => {
  const long = `require('node:fs').writeSync(1, Buffer.from([0, 0, 1, 0])); setInterval(() => {}, 1000);`;
  expect(await said(long)).toEqual({
    failure: { code: 'crashed', message: 'the process gave an answer of 256 bytes' },
  });
});

test('a process is ended at once where that was asked for before it was started', async () => {
  expect(await said('setInterval(() => {}, 1000);', { signal: AbortSignal.abort() })).toEqual({
    failure: { code: 'crashed', message: 'the process ended with SIGKILL' },
  });
});

test('a process that sends more behind an answer that is none is ended', async () => {
  const more = `const fs = require('node:fs'); const frame = Buffer.from([0, 0, 0, 1, 0x61]);
    fs.writeSync(1, frame); setTimeout(() => fs.writeSync(1, frame), 100); setInterval(() => {}, 1000);`;
  const run = new LimitedProcess({ file: process.execPath, args: ['-e', more], env: {} }, limits);
  try {
    const read = async () => {
      // the rest has come when it is known that this is none
      while (run.child.stdout!.readableLength === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      return undefined;
    };
    expect(await run.next(read)).toMatchObject({
      failure: { message: 'the process gave an answer that is no inventory' },
    });
  } finally {
    await run.end();
  }
});

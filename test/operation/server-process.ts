import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const entry = join(import.meta.dirname, '../../server/src/main.ts');

/** `server/src/main.ts` in a process of its own, with nothing set but what is given. */
export interface ServerProcess {
  readonly pid: number;
  /** all that it printed so far, on both streams */
  output(): string;
  /** Waits until the output has this, or the process has ended; gives what matched. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** the exit code, or the signal that ended it */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts the server with these variables of the environment. */
export function startProcess(environment: Readonly<Record<string, string>>): ServerProcess {
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    hasEnded = true;
    return (code ?? signal) as number | NodeJS.Signals;
  });
  return {
    pid: child.pid!,
    output: () => output,
    async seen(pattern) {
      for (;;) {
        const found = pattern.exec(output);
        if (found) return found;
        if (hasEnded) throw new Error(`the process ended without ${String(pattern)}:\n${output}`);
        await pause(20);
      }
    },
    signal: (name) => child.kill(name),
    ended,
  };
}

/** Where a process says that it listens. */
export async function addressOf(server: ServerProcess): Promise<string> {
  return (await server.seen(/"address":"([^"]+)"/))[1]!;
}

/** A folder for one test, with a configuration that can be written again. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'wharfinger-operation-'));
  readonly configFile = this.write('');

  /** variables that lead a server here, on a port of its own */
  get environment(): Record<string, string> {
    return {
      WHARFINGER_CONFIG: this.configFile,
      WHARFINGER_DATA: join(this.path, 'data'),
      WHARFINGER_LISTEN: '127.0.0.1:0',
    };
  }

  /** Writes the configuration and returns its path. */
  write(yaml: string): string {
    const file = join(this.path, 'wharfinger.yaml');
    writeFileSync(file, yaml);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One system call of a trace, with the lines at which it began and ended: what ended before a line had happened by then. */
export interface TraceEvent {
  readonly call: string;
  /** the arguments as strace prints them */
  readonly text: string;
  /** path of the file that the first argument stands for */
  readonly path: string;
  readonly begin: number;
  readonly end: number;
}

const tracedCalls = [
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'sendto',
  'sendmsg',
  'fsync',
  'fdatasync',
  'sync_file_range',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
];

/** Command that runs a program, its threads and its children under strace; data of writes is printed whole. */
export function straceCommand(output: string): string[] {
  return ['strace', '-f', '-y', '-s', '8192', '-o', output, '-e', `trace=${tracedCalls.join(',')}`];
}

/**
 * Reads what strace wrote. Calls of several threads are interleaved: one that another thread's line interrupted is
 * printed as `unfinished`, and later as `resumed`. Calls that failed are left out.
 */
export function parseTrace(text: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  const unfinished = new Map<string, { call: string; text: string; begin: number }>();
  text.split('\n').forEach((line, number) => {
    const pid = /^\d+/.exec(line)?.[0] ?? '';
    const resumed = /^\d+ +<\.\.\. (\w+) resumed>(.*)$/s.exec(line);
    if (resumed !== null) {
      const started = unfinished.get(pid);
      unfinished.delete(pid);
      if (started === undefined || started.call !== resumed[1]) return;
      add(started.call, started.text + resumed[2]!, started.begin, number);
      return;
    }
    const whole = /^\d+ +(\w+)\((.*)$/s.exec(line);
    if (whole === null) return;
    const cut = whole[2]!.indexOf(' <unfinished ...>');
    if (cut === -1) add(whole[1]!, whole[2]!, number, number);
    else unfinished.set(pid, { call: whole[1]!, text: whole[2]!.slice(0, cut), begin: number });
  });
  return events;

  function add(call: string, rest: string, begin: number, end: number): void {
    const result = /\) += (-?\d+)(?: [A-Z].*)?$/.exec(rest);
    if (result === null || Number(result[1]) < 0) return;
    events.push({ call, text: rest, path: /^\d+<([^>]*)>/.exec(rest)?.[1] ?? '', begin, end });
  }
}

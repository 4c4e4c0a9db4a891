import { gzipSync } from 'node:zlib';
import { type Asked, reportOn, type Behaviour } from '../made-adapter.ts';
import { MiB, beginning, finding, pour, reportType, says } from './answers.ts';

/** Both almost as long as a report may be. */
const manyKeys = `{${Array.from({ length: 2_200_000 }, (_, at) => `"k${at}":1`).join(',')}}`;
const manyObjects = `[{}${',{}'.repeat(10_000_000)}]`;

/** An honest report with one more member, which nobody reads. */
function withMore(asked: Asked | undefined, value: string): string {
  return `${JSON.stringify(reportOn(asked)).slice(0, -1)},"vendor":${value}}`;
}

/** Adapters whose reports are more than anybody can take. */
export const floods: Readonly<Record<string, Behaviour>> = {
  endless: {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType });
      response.write(beginning(asked));
      pour(response, `${JSON.stringify(finding())},`.repeat(1000));
    },
  },
  'endless-string': {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType });
      response.write(`${beginning(asked)}{"id":"`);
      pour(response, 'x'.repeat(MiB));
    },
  },
  'endless-blanks': {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType });
      response.write(JSON.stringify(reportOn(asked)));
      pour(response, ' '.repeat(MiB));
    },
  },
  gigantic: {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType, 'content-length': `${10 * 1024 * MiB}` });
      response.write(beginning(asked));
      pour(response, `${JSON.stringify(finding())},`.repeat(1000));
    },
  },
  'gzip-bomb': {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType, 'content-encoding': 'gzip' });
      response.end(bomb(asked));
    },
  },
  'million-findings': {
    report: (response, asked) => {
      response.writeHead(200, { 'content-type': reportType });
      response.write(`${beginning(asked)}${JSON.stringify(finding())}`);
      const text = `,${JSON.stringify(finding())}`.repeat(1000);
      let left = 1000;
      const more = (): void => {
        while (left > 0 && !response.destroyed) {
          left -= 1;
          if (!response.write(text)) {
            response.once('drain', more);
            return;
          }
        }
        response.end(']}');
      };
      more();
    },
  },
  'many-keys': { report: says((asked) => withMore(asked, manyKeys)) },
  'many-objects': { report: says((asked) => withMore(asked, manyObjects)) },
};

/** A gigabyte of blanks inside of a report. */
function bomb(asked: Asked | undefined): Buffer {
  const blanks = gzipSync(Buffer.alloc(64 * MiB, ' '));
  const [start, end] = [gzipSync(beginning(asked)), gzipSync(']}')];
  return Buffer.concat([start, ...Array.from({ length: 16 }, () => blanks), end]);
}

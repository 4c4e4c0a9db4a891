import type { ServerResponse } from 'node:http';
import { reportTypes, types } from '../adapter/media-types.ts';
import { answerWith, reportOn, type Answering, type Asked, type Behaviour } from '../made-adapter.ts';

export const MiB = 1 << 20;
export const [reportType] = reportTypes;

export const finding = (more: object = {}): object => ({
  id: 'CVE-2026-0001',
  package: 'left',
  version: '1.0.0',
  severity: 'Low',
  ...more,
});

/** A report that is JSON of this text instead of that of an honest adapter. */
export const says =
  (text: (asked: Asked | undefined) => object | string): Answering =>
  (response, asked) =>
    answerWith(response, 200, reportType, text(asked));

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answering =>
  (response) => {
    response.writeHead(code, headers).end();
  };

export const identified = (id: unknown): Behaviour => ({
  scan: (response) => answerWith(response, 202, types.scanResponse, { id }),
});

/** The text of an honest report, ended where its findings would stand. */
export const beginning = (asked: Asked | undefined): string => JSON.stringify(reportOn(asked)).slice(0, -2);

/** Writes the same again and again as long as somebody reads it; `times` at most. */
export function pour(response: ServerResponse, part: Buffer | string, times = Infinity): void {
  let left = times;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      if (!response.write(part)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

/** Sends elsewhere. */
export const redirect =
  (code: number, location: () => string): Answering =>
  (response) => {
    response.writeHead(code, { location: location() }).end();
  };

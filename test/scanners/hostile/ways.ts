import { reportOn, type Behaviour } from '../made-adapter.ts';
import { reportType, redirect, status } from './answers.ts';

/** Adapters that lead astray, hang or break off on the way to a report. */
export function hostileWays(elsewhere: () => string): Readonly<Record<string, Behaviour>> {
  return {
    'never-finished': { report: status(302, { 'refresh-after': '1' }) },
    'refresh-in-thirty-years': { report: status(302, { 'refresh-after': '1000000000' }) },
    'refresh-negative': { report: status(302, { 'refresh-after': '-5' }) },
    'refresh-zero': { report: status(302, { 'refresh-after': '0' }) },
    'refresh-no-number': { report: status(302, { 'refresh-after': 'NaN, 1' }) },
    'redirect-elsewhere': { report: redirect(302, elsewhere) },
    'redirect-301': { report: redirect(301, elsewhere) },
    'redirect-307': { report: redirect(307, elsewhere) },
    'redirect-metadata-service': {
      report: status(302, { location: 'http://169.254.169.254/latest/meta-data/' }),
    },
    'redirect-file': { report: status(302, { location: 'file:///etc/passwd' }) },
    forgotten: { report: status(404) },
    'fails-for-ever': { report: status(500) },
    'not-modified': { report: status(304) },
    'no-content': { report: status(204) },
    partial: {
      report: (response, asked) => {
        response.writeHead(206, { 'content-type': reportType }).end(JSON.stringify(reportOn(asked)));
      },
    },
    'connection-reset': { report: ({ socket }) => socket?.resetAndDestroy() },
    'half-a-report': {
      report: (response, asked) => {
        const text = JSON.stringify(reportOn(asked));
        response.writeHead(200, { 'content-type': reportType, 'content-length': text.length });
        response.write(text.slice(0, 40));
        setTimeout(() => response.destroy(), 50);
      },
    },
    'slow-loris': {
      report: (response, asked) => {
        response.writeHead(200, { 'content-type': reportType });
        const text = JSON.stringify(reportOn(asked));
        let at = 0;
        const drip = setInterval(() => {
          if (response.destroyed) clearInterval(drip);
          else response.write(at < text.length ? text[at++] : ' ');
        }, 200);
      },
    },
    'no-body-ever': {
      report: (response) => {
        response.writeHead(200, { 'content-type': reportType }).flushHeaders();
      },
    },
    silent: { report: () => {} },
  };
}

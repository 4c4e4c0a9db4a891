import { types } from '../adapter/media-types.ts';
import { answerWith, reportOn, type Behaviour } from '../made-adapter.ts';
import { MiB, says } from './answers.ts';

/** Adapters that say the credentials that they were given, wherever something of theirs may be noted. */
export const echoes: Readonly<Record<string, Behaviour>> = {
  'echo-scan': {
    scan: (response, asked) =>
      answerWith(response, 500, types.error, {
        error: { message: `cannot pull with ${asked?.registry.authorization}` },
      }),
  },
  'echo-report': {
    report: (response, asked, { authorizations }) =>
      answerWith(response, 500, types.error, {
        error: { message: `${asked?.registry.authorization} ${[...authorizations].join(' ')}` },
      }),
  },
  'echo-status': {
    report: (response, asked, { authorizations }) => {
      response.writeHead(500, `${asked?.registry.authorization} ${[...authorizations].join(' ')}`).end();
    },
  },
  'echo-location': {
    report: (response, asked, { authorizations }) => {
      const told = `${asked?.registry.authorization} ${[...authorizations].join(' ')}`;
      response.writeHead(301, { location: `/${encodeURIComponent(told)}` }).end();
    },
  },
  'echo-type': {
    report: (response, asked) => {
      answerWith(response, 200, asked?.registry.authorization?.replace(' ', '/') ?? '', reportOn(asked));
    },
  },
  'echo-no-json': { report: says((asked) => asked?.registry.authorization ?? '') },
  'echo-key-twice': {
    report: says((asked) => {
      const key = JSON.stringify(asked?.registry.authorization);
      return `{${key}:1,${key}:1,${JSON.stringify(reportOn(asked)).slice(1)}`;
    }),
  },
  'echo-malformed': {
    report: ({ socket }, asked, { authorizations }) => {
      const told = `${asked?.registry.authorization} ${[...authorizations].join(' ')}`;
      socket?.end(`HTTP/1.1 500 no\r\n${told}\r\n\r\n`);
    },
  },
  'long-message': {
    report: (response) =>
      answerWith(response, 500, types.error, { error: { message: `\u001b[2J${'x'.repeat(MiB)}\n` } }),
  },
};

import type { ErrorEntry } from './entry.ts';

/** What else there is: other registries, files, the machine and its configuration. */
export const errorsOfSurroundings = {
  REMOTE_FAILED: {
    status: 502,
    message: 'the other registry failed',
    remedy: 'check that it can be reached and that the credentials are right',
  },
  DATA_IN_USE: {
    status: 503,
    message: 'another process uses this data folder',
    remedy: 'stop it first, or give this one a data folder of its own',
  },
  LISTEN_FAILED: {
    status: 503,
    message: 'the address cannot be listened on',
    remedy: 'stop what listens there, or choose another address with --listen or WHARFINGER_LISTEN',
  },
  CONFIG_INVALID: {
    status: 500,
    message: 'the configuration is not valid',
    remedy: 'correct every line named and start again',
  },
  USAGE: { status: 400, message: 'wrong usage', remedy: 'see --help' },
} as const satisfies Record<string, ErrorEntry>;

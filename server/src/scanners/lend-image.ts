import type { OpenImage } from '@wharfinger/lib/registry/host';
import type { Scanner } from '../config/load-scanners.ts';
import { tokenUser } from '../identity/identify.ts';
import type { TokenStore } from '../identity/tokens.ts';

/** An image that a scanner may fetch. */
export interface Loan {
  /** the header that opens it */
  readonly authorization: string;
  /** Takes it back. */
  readonly end: () => void;
}

/** Lends an image to a scanner, and nothing else: until it is taken back, and never for longer than a scan may take. */
export type LendImage = (image: OpenImage, scanner: Scanner) => Loan;

/** Beyond the time of a scan, in seconds: what ends first is the scan. */
const beyond = 60;

/** Lends images by tokens. */
export function createLender(tokens: TokenStore): LendImage {
  return (image, { name, time, pull }) => {
    const loan = new AbortController();
    const grant = {
      principal: `scanner/${name}`,
      scopes: [],
      opens: { ...image, until: loan.signal },
    };
    const { token } = tokens.issue(grant, Math.ceil(time / 1000) + beyond);
    const basic = Buffer.from(`${tokenUser}:${token}`).toString('base64');
    return {
      authorization: pull === 'bearer' ? `Bearer ${token}` : `Basic ${basic}`,
      end: () => loan.abort(),
    };
  };
}

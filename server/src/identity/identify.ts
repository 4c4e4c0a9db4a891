import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Caller } from '@wharfinger/lib/registry/host';
import { originOf } from './origin.ts';
import type { PasswordVerifier } from './passwords.ts';
import type { TokenGrant, TokenStore } from './tokens.ts';

/** Users that may sign in: name → password or its argon2 hash. */
export type UserDirectory = (name: string) => string | undefined;

export interface IdentifyParts {
  readonly users: UserDirectory;
  readonly passwords: PasswordVerifier;
  readonly tokens: TokenStore;
}

/** Whose password is a token for one image: for clients that know Basic alone. No user can be called so. */
export const tokenUser = '_scanner';

/** What the requests of a connection have proved before. */
interface Proof {
  readonly header: string;
  readonly userAgent: string | undefined;
  /** what the password was right for */
  readonly stored: string;
  readonly caller: Caller & { readonly principal: string };
}

/**
 * Clients send the same words with each request of a connection: what was right for what is stored stays right, and need
 * not be hashed again on the way of every pull.
 */
const proofs = new WeakMap<Socket, Proof>();

/**
 * Who sends a request, by its Authorization header: Basic (RFC 7617) or Bearer (RFC 6750). Without the header it is
 * the anonymous caller.
 * @throws WharfingerError UNAUTHORIZED where the credentials are not right
 */
export function identify(request: IncomingMessage, parts: IdentifyParts): Caller | Promise<Caller> {
  const { authorization: header, 'user-agent': userAgent } = request.headers;
  const proof = proofs.get(request.socket);
  if (isStillRight(proof, parts) && proof.header === header && proof.userAgent === userAgent)
    return proof.caller;
  const where = originOf(request);
  if (header === undefined) return { principal: null, ...where };
  const [scheme, value = ''] = splitOnce(header, ' ');
  if (scheme.toLowerCase() === 'bearer') {
    return callerOf(parts.tokens.find(value), where);
  }
  if (scheme.toLowerCase() !== 'basic') {
    throw new WharfingerError('UNAUTHORIZED', { what: 'the Authorization header must be Basic or Bearer' });
  }
  const [name, password] = splitOnce(Buffer.from(value, 'base64').toString('utf8'), ':');
  if (password === undefined)
    throw new WharfingerError('UNAUTHORIZED', { what: 'Basic credentials must be name:password' });
  if (name === tokenUser) {
    const grant = parts.tokens.find(password);
    return callerOf(grant?.opens && grant, where);
  }
  const stored = parts.users(name);
  const right = parts.passwords.verify(stored, password);
  const decide = (matches: boolean): Caller => {
    // While it was verified, the configuration may have been read again.
    if (!matches || stored === undefined || parts.users(name) !== stored)
      throw new WharfingerError('UNAUTHORIZED', { what: 'wrong user name or password' });
    const caller = { principal: name, ...where };
    proofs.set(request.socket, { header, userAgent, stored, caller });
    return caller;
  };
  return typeof right === 'boolean' ? decide(right) : right.then(decide);
}

/** @throws WharfingerError UNAUTHORIZED where the token stands for nothing */
function callerOf(grant: TokenGrant | undefined, where: Pick<Caller, 'address' | 'client'>): Caller {
  if (!grant) throw new WharfingerError('UNAUTHORIZED', { what: 'the token is unknown or has expired' });
  const { principal, scopes, opens } = grant;
  return { principal, ...where, scopes, ...(opens && { opens }) };
}

function isStillRight(proof: Proof | undefined, { users }: IdentifyParts): proof is Proof {
  return proof !== undefined && users(proof.caller.principal) === proof.stored;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

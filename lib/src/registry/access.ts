import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { Exchange } from './exchange.ts';
import { catalogScope, type Caller, type GateAnswer, type OpenImage, type RegistryAction } from './host.ts';
import type { Route } from './path.ts';

/**
 * A name that no repository can have. Who may not read a repository is led here: the answer comes by the same way, with
 * the same work, as for a name that does not exist.
 */
const nowhere = '-';

/** True for a token that was asked for something else: another one may do. */
function tokenLacks({ scopes }: Caller, action: RegistryAction | '*', repository: string): boolean {
  if (scopes === undefined) return false;
  return !scopes.some(
    (scope) => scope.repository === repository && (scope.actions.has(action) || scope.actions.has('*')),
  );
}

/**
 * Asks callers who have not said who they are to do so, where the registry is set to do that.
 * @throws WharfingerError UNAUTHORIZED
 */
export function demandName({ registry, caller }: Exchange): void {
  const isUnknown = caller.principal === null && caller.scopes === undefined;
  if (registry.settings.challengeUnknown && isUnknown) throw new WharfingerError('UNAUTHORIZED');
}

/**
 * Whose rights decide what a list of repositories shows: with a token for it, all those of its principal.
 * @throws WharfingerError UNAUTHORIZED where another token is needed
 */
export function callerForCatalog(exchange: Exchange): Caller {
  demandName(exchange);
  const { principal, address, client } = exchange.caller;
  if (tokenLacks(exchange.caller, '*', catalogScope)) throw new WharfingerError('UNAUTHORIZED');
  return { principal, address, client };
}

/**
 * Whose rights decide what may be mounted: those that the token was asked for, from the source that is named; from
 * anywhere, as for the list of repositories, all those of its principal.
 * @throws WharfingerError UNAUTHORIZED where the token was never asked for that; it tells nothing of what there is
 */
export function callerForMount(exchange: Exchange, source: string | null): Caller {
  const { caller } = exchange;
  const wanted = source ?? catalogScope;
  if (caller.scopes === undefined) return caller;
  if (!caller.scopes.some((scope) => scope.repository === wanted)) throw new WharfingerError('UNAUTHORIZED');
  return source === null ? callerForCatalog(exchange) : caller;
}

function askToLogIn(exchange: Exchange, action: RegistryAction, repository: string): void {
  const { caller } = exchange;
  if (caller.principal === null || tokenLacks(caller, action, repository)) {
    throw new WharfingerError('UNAUTHORIZED');
  }
}

/**
 * The name under which the caller may look things up: the repository's own, or one that does not exist.
 * @throws WharfingerError UNAUTHORIZED where logging in, or another token, may help
 */
export function readableName(exchange: Exchange, repository: string): string {
  if (exchange.registry.host.may(exchange.caller, 'pull', repository)) return repository;
  askToLogIn(exchange, 'pull', repository);
  return nowhere;
}

/**
 * The name under which the caller may look up what has a digest: `readableName`, or for whom one image alone is open its repository
 * where that is a part of it. What is named by a tag is not.
 * @throws WharfingerError UNAUTHORIZED where logging in, or another token, may help
 */
export function readablePart(exchange: Exchange, repository: string, digest: Digest | undefined): string {
  const { opens } = exchange.caller;
  if (opens === undefined) return readableName(exchange, repository);
  return digest !== undefined && isOpen(opens, repository, digest) ? repository : nowhere;
}

/** True for a part of the image. */
export function isOpen({ repository, parts }: OpenImage, wanted: string, digest: Digest): boolean {
  return repository === wanted && parts.has(digest);
}

/**
 * Lets only those pass who have the right.
 * @throws WharfingerError UNAUTHORIZED where logging in may help; DENIED to those who may read the repository;
 *   NAME_UNKNOWN to all others, whether it exists or not
 */
export function demandRight(exchange: Exchange, action: 'push' | 'delete', repository: string): void {
  const { host } = exchange.registry;
  if (host.may(exchange.caller, action, repository)) return;
  askToLogIn(exchange, action, repository);
  if (!host.may(exchange.caller, 'pull', repository)) throw new WharfingerError('NAME_UNKNOWN');
  throw new WharfingerError('DENIED', { what: `you may not ${action} in ${repository}` });
}

/**
 * Lets pass what the gate serves.
 * @throws WharfingerError HELD with the gate's reasons
 */
export function demandServed(answer: GateAnswer): void {
  if (answer.serve) return;
  const { reasons } = answer;
  throw new WharfingerError('HELD', { what: reasons.join('; ') || undefined, detail: { reasons } });
}

/** The error for something that is not in a repository: MANIFEST_UNKNOWN or BLOB_UNKNOWN, or NAME_UNKNOWN if all is. */
export async function unknown(
  { registry }: Exchange,
  repository: string,
  code: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN',
): Promise<WharfingerError> {
  const exists = await registry.catalog.repositoryExists(repository);
  return new WharfingerError(exists ? code : 'NAME_UNKNOWN');
}

/** The scopes of Docker's token protocol that a request needs. */
export function neededScopes(route: Route | undefined, method: string, query: URLSearchParams): string[] {
  if (!route) return [];
  if (!('repository' in route)) return route.kind === 'catalog' ? [`${catalogScope}:*`] : [];
  const own = `repository:${route.repository}:`;
  const writes = method === 'PUT' || method === 'POST' || method === 'PATCH';
  if (route.kind === 'uploads' || route.kind === 'upload' || writes) {
    const from = query.get('from');
    const source = from ? `repository:${from}:pull` : `${catalogScope}:*`;
    return [`${own}pull,push`, ...(query.has('mount') ? [source] : [])];
  }
  return [method === 'DELETE' ? `${own}pull,delete` : `${own}pull`];
}

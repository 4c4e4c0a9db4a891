import type { IncomingMessage } from 'node:http';
import type { Caller, RefusedEvent, RegistryHost, ServedEvent } from '@wharfinger/lib/registry/host';
import type { Policy } from '../access/policy.ts';
import type { Gate } from './gate.ts';

export interface RegistryHostParts {
  readonly identify: (request: IncomingMessage) => Caller | Promise<Caller>;
  readonly policy: () => Policy;
  readonly gate: Gate;
  readonly served: (event: ServedEvent) => void;
  readonly refused: (event: RefusedEvent) => void;
  /** told of failures that are ours */
  readonly failed: (error: unknown, request: IncomingMessage) => void;
  readonly now: () => Date;
}

/** Answers the questions of the protocol's handler by who calls, the policy in force and the gate. */
export function createRegistryHost(parts: RegistryHostParts): RegistryHost {
  return {
    identify: parts.identify,
    may: (caller, action, repository) => parts.policy().rights.may(caller, action, repository),
    challenge: (request, scopes) => bearerChallenge(request, scopes, parts.policy().config.publicUrl),
    gateManifest: (question) => parts.gate.manifest(question),
    gateBlob: (question) => parts.gate.blob(question),
    isTagImmutable: (repository, tag) => parts.policy().isTagImmutable(repository, tag),
    now: parts.now,
    served: parts.served,
    refused: parts.refused,
    failed: parts.failed,
  };
}

/** Path that hands out tokens (see identity/token-endpoint.ts). */
export const tokenPath = '/auth/token';

/** The challenge of Docker's token authentication; the realm is this server as the client sees it. */
function bearerChallenge(
  request: IncomingMessage,
  scopes: readonly string[],
  publicUrl: string | undefined,
): string {
  const own = `http://${request.headers.host?.replaceAll(/[^\w.:[\]-]/g, '') || 'localhost'}`;
  const realm = (publicUrl ?? own).replace(/\/$/, '') + tokenPath;
  const scope = scopes.length > 0 ? `,scope="${scopes.join(' ')}"` : '';
  return `Bearer realm="${realm}",service="wharfinger"${scope}`;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Catalog } from '../catalog/catalog.ts';
import { isWharfingerError, WharfingerError } from '../errors.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { demandName, neededScopes } from './access.ts';
import { deleteBlob, serveBlob } from './blobs.ts';
import { listRepositories } from './catalog-list.ts';
import { answerError } from './errors-on-wire.ts';
import { answerJson, type Exchange } from './exchange.ts';
import type { RegistryHost } from './host.ts';
import { putManifest } from './manifest-put.ts';
import { deleteManifest, serveManifest } from './manifests.ts';
import { parsePath, type Route } from './path.ts';
import { listReferrers } from './referrers.ts';
import { defaultRegistrySettings, type Registry, type RegistrySettings } from './settings.ts';
import { listTags } from './tags.ts';
import { beginUpload, cancelUpload, continueUpload, finishUpload, tellUpload } from './uploads.ts';

/** What a registry is made of. */
export interface RegistryParts {
  readonly storage: BlobStore;
  readonly catalog: Catalog;
  readonly host: RegistryHost;
  /** what is not given is as in `defaultRegistrySettings` */
  readonly settings?: Partial<RegistrySettings>;
}

const noQuery = new URLSearchParams();

function refuseMethod({ response }: Exchange, ...allowed: string[]): never {
  response.setHeader('Allow', allowed.join(', '));
  throw new WharfingerError('UNSUPPORTED', { remedy: `use ${allowed.join(', ')}` });
}

function ping(exchange: Exchange): void {
  exchange.response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  demandName(exchange);
  answerJson(exchange, 'application/json', {});
}

function dispatch(exchange: Exchange, route: Route): void | Promise<void> {
  const method = exchange.request.method ?? '';
  const reads = method === 'GET' || method === 'HEAD';
  switch (route.kind) {
    case 'manifest':
      if (reads) return serveManifest(exchange, route.repository, route.name);
      if (method === 'PUT') return putManifest(exchange, route.repository, route.name);
      if (method === 'DELETE') return deleteManifest(exchange, route.repository, route.name);
      return refuseMethod(exchange, 'GET', 'HEAD', 'PUT', 'DELETE');
    case 'blob':
      if (reads) return serveBlob(exchange, route.repository, route.name);
      if (method === 'DELETE') return deleteBlob(exchange, route.repository, route.name);
      return refuseMethod(exchange, 'GET', 'HEAD', 'DELETE');
    case 'uploads':
      if (method === 'POST') return beginUpload(exchange, route.repository);
      return refuseMethod(exchange, 'POST');
    case 'upload':
      if (reads) return tellUpload(exchange, route.repository, route.name);
      if (method === 'PATCH') return continueUpload(exchange, route.repository, route.name);
      if (method === 'PUT') return finishUpload(exchange, route.repository, route.name);
      if (method === 'DELETE') return cancelUpload(exchange, route.repository, route.name);
      return refuseMethod(exchange, 'GET', 'HEAD', 'PATCH', 'PUT', 'DELETE');
    case 'tags':
      return reads ? listTags(exchange, route.repository) : refuseMethod(exchange, 'GET', 'HEAD');
    case 'referrers':
      if (reads) return listReferrers(exchange, route.repository, route.name);
      return refuseMethod(exchange, 'GET', 'HEAD');
    case 'catalog':
      return reads ? listRepositories(exchange) : refuseMethod(exchange, 'GET', 'HEAD');
    case 'ping':
      return reads ? ping(exchange) : refuseMethod(exchange, 'GET', 'HEAD');
  }
}

/**
 * The OCI distribution protocol (1.1 and what its development branch adds) as a handler of raw requests: everything
 * below `/v2/`. It answers every request, with an error where it must, and never rejects.
 */
export function createRegistryHandler(
  parts: RegistryParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { storage, catalog, host } = parts;
  const registry: Registry = {
    storage,
    catalog,
    host,
    settings: { ...defaultRegistrySettings, ...parts.settings },
  };

  return async (request, response) => {
    let route: Route | undefined;
    let query = noQuery;
    try {
      const url = request.url ?? '';
      const mark = url.indexOf('?');
      if (mark >= 0) query = new URLSearchParams(url.slice(mark + 1));
      route = parsePath(mark < 0 ? url : url.slice(0, mark));
      if (!route) throw new WharfingerError('NOT_FOUND');
      const identified = host.identify(request);
      const caller = identified instanceof Promise ? await identified : identified;
      await dispatch({ registry, request, response, caller, query }, route);
    } catch (error) {
      const senderLeft = request.destroyed && !request.complete;
      if (!isWharfingerError(error) && !senderLeft) host.failed?.(error, request);
      answerError(request, response, error, () =>
        host.challenge(request, neededScopes(route, request.method ?? '', query)),
      );
    }
  };
}

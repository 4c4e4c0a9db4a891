import { isDigest } from '@wharfinger/lib/oci/digest';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Rights } from '../../access/rights.ts';
import type { Question } from '../../exposure/question.ts';
import type { Search, Viewer } from '../../exposure/search.ts';
import { newSeen, type SeenBefore } from '../../stores/repository-names.ts';
import { pageFields, parseInput, type ApiContext } from '../context.ts';

const longest = 1000;
const words = z.string().min(1).max(longest);
const digestField = z.string().refine(isDigest, 'not a digest');

/** What is asked for: one of these, and no other. */
const kinds = ['package', 'purl', 'vulnerability', 'licence', 'layer', 'file', 'base', 'digest'] as const;

const searchQuery = z.strictObject({
  package: words.optional(),
  ecosystem: words.optional(),
  version: words.optional(),
  purl: words.startsWith('pkg:', 'begins with pkg:').optional(),
  vulnerability: words.optional(),
  licence: words.optional(),
  layer: digestField.optional(),
  file: digestField.optional(),
  base: digestField.optional(),
  digest: digestField.optional(),
  ...pageFields,
});

/** What so many people may see is remembered: some hundred kilobytes each, where there are tens of thousands of repositories. */
const remembered = 100;

/** Which images have something, and what became of them: as far as the caller may pull them. */
export function addExposureRoutes(context: ApiContext, search: Search): void {
  const { app } = context;
  const seen = new WeakMap<Rights, LRUCache<string, SeenBefore>>();

  app.get('/api/v1/search', async (request) => {
    const { question, page } = parseQuestion(request.query);
    return search.find(question, page, viewerOf(request));
  });

  app.get('/api/v1/exposure', async (request) => {
    const { question, page } = parseQuestion(request.query);
    return search.exposure(question, page, viewerOf(request));
  });

  /** A search costs more than a look-up, so it is for those who signed in. */
  function viewerOf(request: FastifyRequest): Viewer {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    const rights = context.rights();
    const { principal, scopes } = request.caller;
    return {
      visible: (repository) => rights.may(request.caller, 'pull', repository),
      // a token may stand for less than who has it
      ...(scopes === undefined && { seenBefore: seenBy(rights, principal) }),
      seesPulls: rights.isAdmin(request.caller),
    };
  }

  /** What was found out about somebody under these rights, and no others. */
  function seenBy(rights: Rights, principal: string): SeenBefore {
    const ofRights = seen.get(rights) ?? new LRUCache({ max: remembered });
    seen.set(rights, ofRights);
    const before = ofRights.get(principal) ?? newSeen();
    ofRights.set(principal, before);
    return before;
  }
}

function parseQuestion(input: unknown) {
  const { last, limit, ...asked } = parseInput(searchQuery, input);
  const given = kinds.filter((kind) => asked[kind] !== undefined);
  if (given.length !== 1)
    throw new WharfingerError('INPUT_INVALID', { what: `ask for one of ${kinds.join(', ')}` });
  if (asked.package === undefined && (asked.ecosystem ?? asked.version) !== undefined)
    throw new WharfingerError('INPUT_INVALID', { what: 'ecosystem and version belong to package' });
  return { question: questionOf(asked), page: { limit, ...(last !== undefined && { last }) } };
}

function questionOf(asked: Omit<z.infer<typeof searchQuery>, 'last' | 'limit'>): Question {
  const { ecosystem, version, purl, vulnerability, licence, layer, file, base, digest } = asked;
  if (purl !== undefined) return { kind: 'purl', purl };
  if (vulnerability !== undefined) return { kind: 'vulnerability', id: vulnerability };
  if (licence !== undefined) return { kind: 'licence', licence };
  if (layer !== undefined) return { kind: 'layer', digest: layer };
  if (file !== undefined) return { kind: 'file', digest: file };
  if (digest !== undefined) return { kind: 'digest', digest };
  if (base !== undefined) return { kind: 'base', digest: base };
  return {
    kind: 'package',
    name: asked.package!,
    ...(ecosystem !== undefined && { ecosystem }),
    ...(version !== undefined && { version }),
  };
}

import { consumedTypes, reportTypes, requestType } from './media-types.ts';

/** Why a call is not answered, as a status and the words of the error's body. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A scan that is asked for. */
export interface ScanRequest {
  /** where the registry is, without a path */
  readonly registry: URL;
  /** what each request to it carries as Authorization */
  readonly authorization?: string;
  readonly repository: string;
  readonly digest: string;
  readonly mimeType?: string;
}

/** Component of a repository's name, and all of it (the distribution specification). */
const component = '[a-z0-9]+(?:(?:[.]|_{1,2}|-+)[a-z0-9]+)*';
const repositoryName = new RegExp(`^${component}(?:/${component})*$`);

/**
 * Reads the body of a scan's request. An image is only ever scanned by its digest: a tag is not looked at.
 * @throws Refused 400 for what is no such document, 422 for a field that cannot be used, 501 for what Trivy does not scan
 */
export function parseScanRequest(contentType: string | undefined, body: string): ScanRequest {
  if (contentType?.split(';', 1)[0]?.trim() !== requestType)
    throw new Refused(400, `the content type is not ${requestType}`);
  const document = objectOf(jsonOf(body), 'the request');
  const { url, authorization } = objectOf(document['registry'], 'registry');
  const { repository, digest, mime_type: mimeType } = objectOf(document['artifact'], 'artifact');
  if (typeof repository !== 'string' || repository.length > 255 || !repositoryName.test(repository))
    throw new Refused(422, 'artifact.repository is not the name of a repository');
  if (typeof digest !== 'string' || !/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest))
    throw new Refused(422, 'artifact.digest is not a digest');
  if (authorization !== undefined && (typeof authorization !== 'string' || !/^\S+ \S+$/.test(authorization)))
    throw new Refused(422, 'registry.authorization is not the value of a header');
  if (mimeType !== undefined && !consumedTypes.some((type) => type === mimeType))
    throw new Refused(501, 'artifacts of this type are not scanned here');
  checkCapabilities(document['enabled_capabilities']);
  return {
    registry: registryOf(url),
    repository,
    digest,
    ...(authorization !== undefined && { authorization }),
    ...(typeof mimeType === 'string' && { mimeType }),
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refused(400, 'the request is not JSON');
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused(400, `${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

function registryOf(url: unknown): URL {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.pathname !== '/')
    throw new Refused(422, 'registry.url is not the base URL of a registry');
  return parsed;
}

/** Absent means everything that can be done here, which is reports of vulnerabilities. */
function checkCapabilities(enabled: unknown): void {
  if (enabled === undefined) return;
  if (!Array.isArray(enabled)) throw new Refused(400, 'enabled_capabilities is not an array');
  for (const one of enabled) {
    const { type, produces_mime_types: produced } = objectOf(one, 'a capability');
    if (type !== 'vulnerability') throw new Refused(501, 'only vulnerabilities are looked for here');
    if (produced === undefined) continue;
    if (!Array.isArray(produced)) throw new Refused(400, 'produces_mime_types is not an array');
    if (!produced.some((name) => reportTypes.some((type_) => type_ === name)))
      throw new Refused(501, 'none of these types of reports is made here');
  }
}

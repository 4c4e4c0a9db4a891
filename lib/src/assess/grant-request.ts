import canonicalize from 'canonicalize';
import { WharfingerError } from '../errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import type { Path, PlainCheck } from '../routines/plain-check.ts';
import { readAlone, readScope } from '../routines/read-records.ts';
import type { Grant } from '../routines/records.ts';
import { parseTime } from '../routines/time.ts';
import { purposes } from '../routines/verdict.ts';
import { signEnvelope } from '../signing/dsse.ts';
import type { SigningKey } from '../signing/private-keys.ts';

/** What approvers of a grant sign: all of it but who they are. */
export type GrantRequest = Omit<Grant, 'approvedBy'>;

/** No rule allows more. */
const mostHours = 24 * 31;
const hour = 3_600_000;

const fieldsOfRequest = ['id', 'scope', 'digest', 'purposes', 'reason', 'requestedBy', 'from', 'until'];

/**
 * One request from plain data.
 * @throws WharfingerError GRANT_INVALID naming every mistake
 */
export function parseGrantRequest(value: unknown): GrantRequest {
  return readAlone(value, readRequest, 'GRANT_INVALID');
}

function readRequest(value: unknown, path: Path, check: PlainCheck): GrantRequest {
  const fields = check.fields(value, path, fieldsOfRequest);
  const text = (name: string, longest: number): string => check.text(fields[name], [...path, name], longest);
  const scope = readScope(fields['scope'], [...path, 'scope'], check);
  // what is permitted must be plain to everybody who signs it
  if (scope.repositories?.length !== 1 || Object.keys(scope).length !== 1)
    check.fail([...path, 'scope'], 'must be one repository or one pattern of repositories, and nothing else');
  const id = text('id', 100);
  if (id !== '' && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))
    check.fail([...path, 'id'], 'must be lower-case words joined by -, such as outage-2026-03-04');
  const [from, until] = [text('from', 40), text('until', 40)];
  checkHours(from, until, path, check);
  const listed = check.list(fields['purposes'], [...path, 'purposes'], purposes.length);
  if (Array.isArray(fields['purposes']) && listed.length === 0)
    check.fail([...path, 'purposes'], 'must name at least one');
  return {
    id,
    scope,
    ...(fields['digest'] !== undefined && { digest: readDigest(fields['digest'], path, check) }),
    purposes: listed.map((purpose, index) => check.choice(purpose, [...path, 'purposes', index], purposes)),
    reason: text('reason', 1000),
    requestedBy: text('requestedBy', 200),
    from,
    until,
  };
}

function readDigest(value: unknown, path: Path, check: PlainCheck): Digest {
  if (isDigest(value)) return value;
  check.fail([...path, 'digest'], 'must be a digest such as sha256:…, in lower case');
  return `sha256:${'0'.repeat(64)}`;
}

function checkHours(from: string, until: string, path: Path, check: PlainCheck): void {
  const [start, end] = [parseTime(from), parseTime(until)];
  if (from !== '' && start === undefined) check.fail([...path, 'from'], 'must be a time with its zone');
  if (until !== '' && end === undefined) check.fail([...path, 'until'], 'must be a time with its zone');
  if (start === undefined || end === undefined) return;
  if (end <= start) check.fail([...path, 'until'], `must be after ${from}`);
  else if (end - start > mostHours * hour)
    check.fail([...path, 'until'], `is more than ${mostHours} hours after ${from}`);
}

/** Hours that a request asks for. */
export function hoursOf({ from, until }: Pick<GrantRequest, 'from' | 'until'>): number {
  return (Date.parse(until) - Date.parse(from)) / hour;
}

/** What is signed of a request: its RFC 8785 form, so that all approvers sign the same bytes. */
export function grantPayload(request: GrantRequest): Buffer {
  return Buffer.from(canonicalize(request)!);
}

/**
 * Reads what was signed.
 * @throws WharfingerError GRANT_INVALID, also where it is not in its one canonical form
 */
export function readGrantPayload(payload: Uint8Array): GrantRequest {
  const refuse = (what: string): never => {
    throw new WharfingerError('GRANT_INVALID', { what });
  };
  const request = parseGrantRequest(parseStrictJson(payload, refuse));
  if (!grantPayload(request).equals(payload)) refuse('it is not in the form that RFC 8785 gives it');
  return request;
}

/** One approver's signature of a request: a DSSE envelope as JSON text. */
export function signGrant(request: GrantRequest, key: SigningKey): string {
  return canonicalize(signEnvelope(payloadTypes.grant, grantPayload(request), key.algorithm, key.key))!;
}

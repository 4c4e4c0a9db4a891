import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const current = require('spdx-license-ids') as readonly string[];
const deprecated = require('spdx-license-ids/deprecated') as readonly string[];
const exceptions = require('spdx-exceptions') as readonly string[];

function byLowerCase(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}

const licenceIds = byLowerCase([...current, ...deprecated]);
const exceptionIds = byLowerCase(exceptions);

/** Every identifier of SPDX's list of licences, those that it gave up included. */
export const allLicenceIds: readonly string[] = [...licenceIds.values()];

/** An identifier as SPDX's list writes it, whatever its case (SPDX 2.3, annex D.2); undefined: it has none such. */
export function licenceId(name: string): string | undefined {
  return licenceIds.get(name.toLowerCase());
}

/** The same of SPDX's list of exceptions. */
export function exceptionId(name: string): string | undefined {
  return exceptionIds.get(name.toLowerCase());
}

import { loadCollection } from './collection.ts';
import type { Collection } from './routine.ts';
import { advisoriesKnown } from './standard/advisories-known.ts';
import { inventoryComplete } from './standard/inventory-complete.ts';
import { maximumAge } from './standard/maximum-age.ts';
import { noFixableVulnerabilities } from './standard/no-fixable-vulnerabilities.ts';
import { nonRoot } from './standard/non-root.ts';
import { notHeldByHand } from './standard/not-held-by-hand.ts';
import { notMalicious } from './standard/not-malicious.ts';
import { partsPresent } from './standard/parts-present.ts';
import { pinnedBase } from './standard/pinned-base.ts';
import { signed } from './standard/signed.ts';

/** The collection that ships, as the text of a collection file: the form in which it is named, stored and exchanged. */
export const standardCollectionText = `name: standard
version: 1.0.0
description: What an image should be before anybody runs it.
routines:${[
  partsPresent,
  notHeldByHand,
  notMalicious,
  signed,
  inventoryComplete,
  advisoriesKnown,
  noFixableVulnerabilities,
  nonRoot,
  pinnedBase,
  maximumAge,
].join('')}`;

let loaded: Collection | undefined;

/** The collection that ships, read once. */
export function loadStandardCollection(): Collection {
  return (loaded ??= loadCollection(standardCollectionText));
}

import { loadCollection } from '../collection.ts';
import type { Collection } from '../routine.ts';
import { inventoryComplete } from './inventory-complete.ts';
import { maximumAge } from './maximum-age.ts';
import { noFixableVulnerabilities } from './no-fixable-vulnerabilities.ts';
import { nonRoot } from './non-root.ts';
import { notHeldByHand } from './not-held-by-hand.ts';
import { notMalicious } from './not-malicious.ts';
import { partsPresent } from './parts-present.ts';
import { pinnedBase } from './pinned-base.ts';
import { signed } from './signed.ts';

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
  noFixableVulnerabilities,
  nonRoot,
  pinnedBase,
  maximumAge,
].join('')}`;

let loaded: Collection | undefined;

/** The collection that ships, read once. */
export function standardCollection(): Collection {
  return (loaded ??= loadCollection(standardCollectionText));
}

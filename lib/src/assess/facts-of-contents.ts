import type { Contamination } from '../inspect/contamination/contamination.ts';
import type { ImageInventory } from '../inspect/inventory.ts';
import type { ContaminationFacts, InventoryFacts } from '../routines/facts/contents.ts';

/** What an inventory says of the files of an image, as facts. What it does not say is left out. */
export function contentFacts({
  contamination,
  executables,
  secrets,
  baked,
  accounts,
}: ImageInventory): Pick<InventoryFacts, 'contamination' | 'executables' | 'secrets' | 'baked' | 'accounts'> {
  return {
    ...(contamination && { contamination: contaminationFacts(contamination) }),
    ...(executables && {
      executables: { ...executables, files: executables.files.map(({ package: _owner, ...file }) => file) },
    }),
    ...(secrets && { secrets }),
    ...(baked && { baked }),
    ...(accounts && { accounts }),
  };
}

function contaminationFacts({ counts, files, ...rest }: Contamination): ContaminationFacts {
  const {
    'missing-documentation': missingDocumentation,
    'record-rewritten': recordRewritten,
    'added-executable': addedExecutable,
    'changed-executable': changedExecutable,
    ...plain
  } = counts;
  return {
    ...rest,
    counts: { ...plain, missingDocumentation, recordRewritten, addedExecutable, changedExecutable },
    files: files.map(({ package: owner, ...file }) => ({
      ...file,
      ...(owner === undefined ? {} : { package: owner.name }),
    })),
  };
}

import type { Migration } from '../migrate.ts';

/** Which licences a package is found by: for packages that are forgotten, each of which is looked for there. */
export const packageLicences: Migration = {
  name: '0023-package-licences',
  statements: () => [`create index package_licences_by_package on package_licences (package_id, term)`],
};

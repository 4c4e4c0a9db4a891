/**
 * What a package is called where advisories and packages are compared: as its ecosystem compares names.
 * @param ecosystem OSV's, with or without suffix
 */
export function comparableName(ecosystem: string, name: string): string {
  switch (ecosystem.split(':', 1)[0]) {
    case 'NuGet':
    case 'Packagist':
      return name.toLowerCase();
    case 'PyPI':
      // Core metadata specifications, "Name normalization".
      return name.toLowerCase().replace(/[-_.]+/g, '-');
    default:
      return name;
  }
}

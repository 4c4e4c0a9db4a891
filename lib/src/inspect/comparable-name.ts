/**
 * What a package is called where advisories and packages are compared: as its ecosystem compares names.
 * @param ecosystem OSV's, with or without suffix
 */
export function comparableName(ecosystem: string, name: string): string {
  const [base] = ecosystem.split(':', 1);
  if (base === 'NuGet' || base === 'Packagist') return name.toLowerCase();
  // Names of npm have no capitals but for old ones, which those who write advisories do not always get right: jQuery is jquery.
  if (base === 'npm') return name.toLowerCase();
  // Core metadata specifications, "Name normalization".
  return base === 'PyPI' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name;
}

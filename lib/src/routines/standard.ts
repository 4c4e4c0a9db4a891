import { loadCollection } from './collection.ts';
import type { Collection } from './routine.ts';
import { advisoriesFresh } from './standard/advisories-fresh.ts';
import { advisoriesKnown } from './standard/advisories-known.ts';
import { allowedBase } from './standard/allowed-base.ts';
import { allowedDistributions } from './standard/allowed-distributions.ts';
import { allowedLicences } from './standard/allowed-licences.ts';
import { allowedPlatforms } from './standard/allowed-platforms.ts';
import { approvedForStage } from './standard/approved-for-stage.ts';
import { attested } from './standard/attested.ts';
import { configurationNotBakedIn } from './standard/configuration-not-baked-in.ts';
import { custodyComplete } from './standard/custody-complete.ts';
import { deniedLicences } from './standard/denied-licences.ts';
import { hardenedExecutables } from './standard/hardened-executables.ts';
import { inventoryComplete } from './standard/inventory-complete.ts';
import { knownEcosystems } from './standard/known-ecosystems.ts';
import { layersOwnedByTeams } from './standard/layers-owned-by-teams.ts';
import { licencesForUse } from './standard/licences-for-use.ts';
import { maximumAge } from './standard/maximum-age.ts';
import { maximumLayers } from './standard/maximum-layers.ts';
import { maximumSize } from './standard/maximum-size.ts';
import { noAdministrationPorts } from './standard/no-administration-ports.ts';
import { noDataVolumes } from './standard/no-data-volumes.ts';
import { noDevelopmentTools } from './standard/no-development-tools.ts';
import { noExploitedVulnerabilities } from './standard/no-exploited-vulnerabilities.ts';
import { noFixableVulnerabilities } from './standard/no-fixable-vulnerabilities.ts';
import { noSetuid } from './standard/no-setuid.ts';
import { noTampering } from './standard/no-tampering.ts';
import { noUnownedSystemFiles } from './standard/no-unowned-system-files.ts';
import { noLogins } from './standard/no-logins.ts';
import { noSecrets } from './standard/no-secrets.ts';
import { scannerReport } from './standard/scanner-report.ts';
import { separateCodeConfigurationData } from './standard/separate-code-configuration-data.ts';
import { noSecretsInEnvironment } from './standard/no-secrets-in-environment.ts';
import { noSevereVulnerabilities } from './standard/no-severe-vulnerabilities.ts';
import { noShellEntrypoint } from './standard/no-shell-entrypoint.ts';
import { nonRoot } from './standard/non-root.ts';
import { notHeldByHand } from './standard/not-held-by-hand.ts';
import { notMalicious } from './standard/not-malicious.ts';
import { partsPresent } from './standard/parts-present.ts';
import { pinnedBase } from './standard/pinned-base.ts';
import { probePassed } from './standard/probe-passed.ts';
import { provenanceBuilder } from './standard/provenance-builder.ts';
import { provenancePresent } from './standard/provenance-present.ts';
import { requiredLabels } from './standard/required-labels.ts';
import { sbomAttested } from './standard/sbom-attested.ts';
import { signed } from './standard/signed.ts';
import { signedByPrincipals } from './standard/signed-by-principals.ts';

/** The collection that ships, as the text of a collection file: the form in which it is named, stored and exchanged. */
export const standardCollectionText = `name: standard
version: 2.0.0
description: What an image should be before anybody runs it.
routines:${[
  partsPresent,
  notHeldByHand,
  notMalicious,
  signed,
  signedByPrincipals,
  provenancePresent,
  provenanceBuilder,
  sbomAttested,
  attested,
  probePassed,
  scannerReport,
  custodyComplete,
  layersOwnedByTeams,
  approvedForStage,
  inventoryComplete,
  advisoriesKnown,
  advisoriesFresh,
  noExploitedVulnerabilities,
  noFixableVulnerabilities,
  noSevereVulnerabilities,
  allowedLicences,
  deniedLicences,
  licencesForUse,
  allowedBase,
  pinnedBase,
  allowedDistributions,
  knownEcosystems,
  noTampering,
  noUnownedSystemFiles,
  noSetuid,
  hardenedExecutables,
  noDevelopmentTools,
  noLogins,
  noSecrets,
  noSecretsInEnvironment,
  configurationNotBakedIn,
  separateCodeConfigurationData,
  noDataVolumes,
  noAdministrationPorts,
  nonRoot,
  noShellEntrypoint,
  requiredLabels,
  allowedPlatforms,
  maximumAge,
  maximumSize,
  maximumLayers,
].join('')}`;

let loaded: Collection | undefined;

/** The collection that ships, read once. */
export function loadStandardCollection(): Collection {
  return (loaded ??= loadCollection(standardCollectionText));
}

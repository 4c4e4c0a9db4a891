import type { Target } from './target.ts';
import { admissionTargets } from './targets/admission.ts';
import { archiveTargets } from './targets/archives.ts';
import { conformanceTargets } from './targets/conformance.ts';
import { custodyTargets } from './targets/custody.ts';
import { documentTargets } from './targets/documents.ts';
import { feedTargets } from './targets/feeds.ts';
import { keyTargets } from './targets/keys.ts';
import { keylessTargets } from './targets/keyless.ts';
import { languagePackageTargets } from './targets/language-packages.ts';
import { licenceTargets } from './targets/licences.ts';
import { notationTargets } from './targets/notation.ts';
import { packageTargets } from './targets/packages.ts';
import { predicateTargets } from './targets/predicates.ts';
import { recordTargets } from './targets/records.ts';
import { recordedPackageTargets } from './targets/recorded-packages.ts';
import { secretTargets } from './targets/secrets.ts';
import { signatureTargets } from './targets/signatures.ts';
import { trustedRootTargets } from './targets/trusted-roots.ts';

/** Every reader of what is signed, or of what decides whose signature counts. */
export const targets: readonly Target[] = [
  ...signatureTargets,
  ...keylessTargets,
  ...conformanceTargets,
  ...trustedRootTargets,
  ...notationTargets,
  ...predicateTargets,
  ...recordTargets,
  ...recordedPackageTargets,
  ...languagePackageTargets,
  ...licenceTargets,
  ...documentTargets,
  ...feedTargets,
  ...keyTargets,
  ...custodyTargets,
  ...admissionTargets,
  ...archiveTargets,
  ...packageTargets,
  ...secretTargets,
];

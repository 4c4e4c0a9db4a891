import { isExpression } from './declared-licence.ts';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value);
const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^SPDXRef-[A-Za-z0-9.-]+$/.test(value);

/** Fields that a document and a package of it may have (SPDX 2.3, clauses 6 and 7), and what each must be. */
const documentFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  spdxVersion: (value) => value === 'SPDX-2.3',
  dataLicense: (value) => value === 'CC0-1.0',
  SPDXID: (value) => value === 'SPDXRef-DOCUMENT',
  name: isText,
  documentNamespace: (value) => isText(value) && /^https:\/\/[^\s#]+$/.test(value),
  creationInfo: (value) =>
    isFields(value) &&
    isTime(value['created']) &&
    Array.isArray(value['creators']) &&
    value['creators'].length > 0 &&
    value['creators'].every((one) => isText(one) && /^(?:Tool|Organization|Person): \S/.test(one)),
  annotations: (value) => isFilled(value, isAnnotation),
  hasExtractedLicensingInfos: (value) => isFilled(value, isExtracted),
  packages: (value) => isFilled(value, isFields),
  relationships: (value) => isFilled(value, isFields),
};

const packageFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  SPDXID: isId,
  name: isText,
  versionInfo: (value) => typeof value === 'string',
  downloadLocation: (value) => value === 'NOASSERTION',
  filesAnalyzed: (value) => value === false,
  licenseConcluded: (value) => value === 'NOASSERTION',
  licenseDeclared: (value) => value === 'NOASSERTION' || (isText(value) && isExpression(value)),
  copyrightText: (value) => value === 'NOASSERTION',
  primaryPackagePurpose: (value) =>
    isText(value) && ['CONTAINER', 'OPERATING_SYSTEM', 'ARCHIVE', 'LIBRARY'].includes(value),
  sourceInfo: isText,
  checksums: (value) =>
    isFilled(
      value,
      (one) =>
        (one['algorithm'] === 'SHA256' && /^[0-9a-f]{64}$/.test(String(one['checksumValue']))) ||
        (one['algorithm'] === 'SHA512' && /^[0-9a-f]{128}$/.test(String(one['checksumValue']))),
    ),
  externalRefs: (value) =>
    isFilled(
      value,
      (one) =>
        one['referenceCategory'] === 'PACKAGE-MANAGER' &&
        one['referenceType'] === 'purl' &&
        /^pkg:\S+$/.test(String(one['referenceLocator'])),
    ),
};

const mandatoryOfDocument = [
  'spdxVersion',
  'dataLicense',
  'SPDXID',
  'name',
  'documentNamespace',
  'creationInfo',
  'packages',
  'relationships',
];
const mandatoryOfPackage = ['SPDXID', 'name', 'downloadLocation', 'filesAnalyzed'];

function isFilled(value: unknown, each: (one: Fields) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isFields(one) && each(one));
}

function isAnnotation(one: Fields): boolean {
  return (
    isTime(one['annotationDate']) &&
    one['annotationType'] === 'OTHER' &&
    /^Tool: \S/.test(String(one['annotator'])) &&
    isText(one['comment'])
  );
}

function isExtracted(one: Fields): boolean {
  return /^LicenseRef-[A-Za-z0-9.-]+$/.test(String(one['licenseId'])) && isText(one['extractedText']);
}

function checkFields(
  fields: Fields,
  known: Readonly<Record<string, (value: unknown) => boolean>>,
  mandatory: readonly string[],
  where: string,
): string[] {
  return [
    ...mandatory.filter((name) => !Object.hasOwn(fields, name)).map((name) => `${where}: no ${name}`),
    ...Object.entries(fields).flatMap(([name, value]) =>
      Object.hasOwn(known, name) && known[name]!(value) ? [] : [`${where}: ${name} is wrong`],
    ),
  ];
}

/**
 * What a document breaks of the rules of SPDX 2.3 (spdx.github.io/spdx-spec/v2.3), as far as it concerns the fields that are
 * written: a field that is not among them is a mistake as well.
 */
export function mistakesInSpdx(document: unknown): string[] {
  if (!isFields(document)) return ['it is no object'];
  const mistakes = checkFields(document, documentFields, mandatoryOfDocument, 'document');
  if (mistakes.length > 0) return mistakes;
  const packages = document['packages'] as readonly Fields[];
  for (const one of packages)
    mistakes.push(...checkFields(one, packageFields, mandatoryOfPackage, String(one['SPDXID'])));
  const ids = packages.map((one) => String(one['SPDXID']));
  if (new Set(ids).size !== ids.length) mistakes.push('an identifier stands twice');
  const known = new Set(['SPDXRef-DOCUMENT', ...ids]);
  let describes = 0;
  for (const { spdxElementId, relatedSpdxElement, relationshipType, ...more } of document[
    'relationships'
  ] as readonly Fields[]) {
    if (!known.has(String(spdxElementId)) || !known.has(String(relatedSpdxElement)))
      mistakes.push(`a relationship leads from ${String(spdxElementId)} to ${String(relatedSpdxElement)}`);
    if (relationshipType === 'DESCRIBES') describes += 1;
    else if (relationshipType !== 'CONTAINS') mistakes.push(`a relationship ${String(relationshipType)}`);
    if (Object.keys(more).length > 0) mistakes.push('a relationship has more fields');
  }
  if (describes !== 1) mistakes.push(`the document describes ${describes} elements`);
  const extracted = new Set(
    ((document['hasExtractedLicensingInfos'] ?? []) as readonly Fields[]).map((one) => one['licenseId']),
  );
  for (const one of packages) {
    for (const [reference] of String(one['licenseDeclared']).matchAll(/LicenseRef-[A-Za-z0-9.-]+/g))
      if (!extracted.has(reference)) mistakes.push(`${reference} is explained nowhere`);
  }
  return mistakes;
}

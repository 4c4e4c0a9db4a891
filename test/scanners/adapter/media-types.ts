/** Media types of the API of pluggable scanners. */
export const types = {
  scanResponse: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
  error: 'application/vnd.scanner.adapter.error+json; version=1.0',
} as const;

export const metadataType = 'application/vnd.scanner.adapter.metadata+json; version=1.1';
/** newest first */
export const metadataTypes = [
  metadataType,
  'application/vnd.scanner.adapter.metadata+json; version=1.0',
] as const;

/** Of a scan that is asked for, without their versions. */
export const requestType = 'application/vnd.scanner.adapter.scan.request+json';

/** Newest first; the last is meant where nobody names one. */
export const reportTypes = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const;

/** What is scanned. */
export const consumedTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

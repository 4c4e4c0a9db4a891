import { Refused, type ScanRequest } from './request.ts';

/** Who made a report. */
export interface Scanner {
  readonly name: string;
  readonly vendor: string;
  readonly version: string;
}

/** A scale of the API, the least first. */
const severities = ['Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'] as const;
type Severity = (typeof severities)[number];

/** A vulnerability report, version 1.1. */
export interface Report {
  readonly generated_at: string;
  readonly artifact: { readonly repository: string; readonly digest: string; readonly mime_type?: string };
  readonly scanner: Scanner;
  readonly severity: Severity;
  readonly vulnerabilities: readonly Vulnerability[];
}

interface Vulnerability {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly fix_version?: string;
  readonly severity: Severity;
  readonly description: string;
  readonly links: readonly string[];
  readonly preferred_cvss?: object;
  readonly cwe_ids: readonly string[];
  readonly vendor_attributes: object;
}

interface Cvss {
  readonly V2Score?: number;
  readonly V2Vector?: string;
  readonly V3Score?: number;
  readonly V3Vector?: string;
}

/** What Trivy writes as JSON, as far as it is handed on. */
export interface TrivyReport {
  readonly Metadata?: { readonly RepoDigests?: readonly string[] };
  readonly Results?: ReadonlyArray<{
    readonly Target: string;
    readonly Vulnerabilities?: ReadonlyArray<{
      readonly VulnerabilityID: string;
      readonly PkgName: string;
      readonly PkgPath?: string;
      readonly InstalledVersion: string;
      readonly FixedVersion?: string;
      readonly Severity: string;
      readonly SeveritySource?: string;
      readonly Title?: string;
      readonly Description?: string;
      readonly PrimaryURL?: string;
      readonly CweIDs?: readonly string[];
      readonly CVSS?: Readonly<Record<string, Cvss>>;
    }>;
  }>;
}

/**
 * Puts what Trivy found in the words of the API.
 * @throws Refused where Trivy looked at another image than it was asked to
 */
export function reportOf(found: TrivyReport, request: ScanRequest, scanner: Scanner, now: Date): Report {
  const { repository, digest, mimeType } = request;
  if (found.Metadata?.RepoDigests?.some((name) => name.endsWith(`@${digest}`)) !== true)
    throw new Refused(500, 'Trivy does not say that it looked at the image of this digest');
  const vulnerabilities = (found.Results ?? []).flatMap(({ Target, Vulnerabilities = [] }) =>
    Vulnerabilities.map((one): Vulnerability => {
      const cvss = preferred(one.CVSS ?? {}, one.SeveritySource);
      return {
        id: one.VulnerabilityID,
        package: one.PkgName,
        version: one.InstalledVersion,
        ...(one.FixedVersion && { fix_version: one.FixedVersion }),
        severity: severityOf(one.Severity),
        description: one.Description ?? one.Title ?? '',
        links: one.PrimaryURL === undefined ? [] : [one.PrimaryURL],
        ...(cvss !== undefined && { preferred_cvss: cvss }),
        cwe_ids: one.CweIDs ?? [],
        vendor_attributes: {
          target: Target,
          ...(one.PkgPath && { path: one.PkgPath }),
          CVSS: one.CVSS ?? {},
        },
      };
    }),
  );
  const worst = Math.max(0, ...vulnerabilities.map(({ severity }) => severities.indexOf(severity)));
  return {
    generated_at: now.toISOString(),
    artifact: { repository, digest, ...(mimeType !== undefined && { mime_type: mimeType }) },
    scanner,
    severity: severities[worst]!,
    vulnerabilities,
  };
}

function severityOf(name: string): Severity {
  return severities.find((severity) => severity.toUpperCase() === name) ?? 'Unknown';
}

/** The score of the source that Trivy took the severity from; that of the first otherwise. */
function preferred(scores: Readonly<Record<string, Cvss>>, source = ''): object | undefined {
  const score = scores[source] ?? scores['nvd'] ?? Object.values(scores)[0];
  if (score === undefined) return undefined;
  return {
    ...(score.V3Score !== undefined && { score_v3: score.V3Score, vector_v3: score.V3Vector }),
    ...(score.V2Score !== undefined && { score_v2: score.V2Score, vector_v2: score.V2Vector }),
  };
}

import type { CustodyReport } from './report.ts';

/** What routines see of a chain: the same fields as CustodyFacts of the routines, which this room does not know. */
export interface CustodyReportFacts {
  readonly layout: string;
  readonly complete: boolean;
  readonly stages: ReadonlyArray<{
    readonly name: string;
    readonly team: string;
    readonly key: string;
    readonly principal: string;
    readonly manifest: string;
    readonly repository: string;
    readonly link: string;
    readonly kind: string;
    readonly firstLayer: number;
    readonly layers: number;
    readonly approvedBy: readonly string[];
    readonly notAfter?: string;
  }>;
  readonly layers: ReadonlyArray<{ readonly index: number; readonly digest: string; readonly team?: string }>;
  readonly problems: ReadonlyArray<{
    readonly code: string;
    readonly message: string;
    readonly stage?: string;
    readonly team?: string;
    readonly layer?: number;
  }>;
}

/** The facts of a report. Those of an index are its own problems and those of all its images; layers are asked of each image. */
export function custodyFacts(report: CustodyReport): CustodyReportFacts {
  const { layout, complete, stages, layers, problems, children } = report;
  return {
    layout,
    complete,
    stages: stages.map((stage) => ({
      name: stage.stage,
      team: stage.team,
      key: stage.key,
      principal: stage.principal,
      manifest: stage.manifest,
      repository: stage.repository,
      link: stage.link,
      kind: stage.kind,
      firstLayer: stage.firstLayer,
      layers: stage.layers,
      approvedBy: [...new Set(stage.approvals.map(({ principal }) => principal))],
      notAfter: stage.notAfter,
    })),
    layers: layers.map(({ index, digest, team }) => ({
      index,
      digest,
      ...(team === undefined ? {} : { team }),
    })),
    problems: [...problems, ...children.flatMap((child) => child.problems)],
  };
}

/** Who makes or verifies what. */
export interface Made {
  /** tool and version */
  readonly by: string;
  readonly format: string;
  /** kind of key, or who vouches for it */
  readonly key: string;
}

/** One thing that was made, and what each verifier says of it. */
export interface Row extends Made {
  /** by verifier: true it verifies, else why not, in the words of `Gap` */
  readonly verdicts: Readonly<Record<string, string | true>>;
}

/** Something that a tool cannot do: it is asserted that it still cannot, and the table says so. */
export interface Gap {
  readonly verifier: string;
  readonly made: (made: Made) => boolean;
  /** what the verifier says */
  readonly says: RegExp;
  /** what the table says */
  readonly because: string;
}

/** A table of the reference, and what it shows. */
export interface Section {
  readonly title: string;
  readonly about: string;
  readonly verifiers: readonly string[];
  readonly rows: readonly Row[];
  readonly gaps: readonly Gap[];
}

/** The gap that explains an answer; undefined: there is none, and the answer must be that it verifies. */
export function gapFor(gaps: readonly Gap[], verifier: string, made: Made): Gap | undefined {
  return gaps.find((gap) => gap.verifier === verifier && gap.made(made));
}

/** A section as Markdown: rows that are the same but for their keys in one line, gaps as numbered notes. */
export function sectionText({ title, about, verifiers, rows, gaps }: Section): string {
  const notes = gaps.filter((gap) => rows.some((row) => gapFor(gaps, gap.verifier, row) === gap));
  const cells = (row: Row): string[] =>
    verifiers.map((verifier) => {
      if (row.verdicts[verifier] === true) return 'yes';
      const gap = gapFor(gaps, verifier, row);
      return gap === undefined ? 'no' : `no (${notes.indexOf(gap) + 1})`;
    });
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.by, row.format, cells(row)]));
  const lines = [...groups.values()].map((same) => {
    const { by, format } = same[0]!;
    return line([by, format, same.map(({ key }) => key).join(', '), ...cells(same[0]!)]);
  });
  return [
    `## ${title}`,
    '',
    about,
    '',
    line(['made by', 'format', 'key or proof', ...verifiers]),
    `|${'---|'.repeat(3 + verifiers.length)}`,
    ...lines,
    ...(notes.length === 0 ? [] : ['', ...notes.map(({ because }, index) => `${index + 1}. ${because}`)]),
    '',
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Results of one row: by server, one number for each round. */
export interface Line {
  readonly name: string;
  readonly unit: string;
  /** true where a smaller number is the better one */
  readonly lessIsBetter?: boolean;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** The table in Markdown: medians, and for the first server the ratio to the floor and to the best rival. */
export function renderTable(servers: readonly string[], floor: string, lines: readonly Line[]): string {
  const [own] = servers;
  const rows = lines.map((line) => {
    const medianOf = (server: string): number | undefined => median(line.values.get(server) ?? []);
    const ours = medianOf(own!);
    const ratio = (other: number | undefined): string => {
      if (ours === undefined || other === undefined) return '-';
      return `${(line.lessIsBetter === true ? other / ours : ours / other).toFixed(2)} ×`;
    };
    const rivals = servers
      .filter((server) => server !== own && server !== floor)
      .map((server) => medianOf(server))
      .filter((value) => value !== undefined);
    const best = line.lessIsBetter === true ? Math.min(...rivals) : Math.max(...rivals);
    return [
      `${line.name} (${line.unit})`,
      ...servers.map((server) => format(medianOf(server))),
      ratio(rivals.length === 0 ? undefined : best),
      ratio(medianOf(floor)),
    ];
  });
  const head = ['work', ...servers, `${own} : best rival`, `${own} : floor`];
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  const render = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  return [
    render(head),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(render),
  ].join('\n');
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function format(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

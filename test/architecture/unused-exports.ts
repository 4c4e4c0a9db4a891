import { targetOf, type Violation } from './rules.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Functions, classes and constants that a file exports though no other file imports them: they are dead, or nobody else's business.
 * Types are exempt, since whoever calls a function may want to name what it takes and gives; so are default exports, which tools load by path.
 *
 * @param files the whole repository: what only tests import is imported
 */
export function findUnusedExports(files: readonly SourceFile[]): Violation[] {
  const imported = importedNames(files);
  return files.flatMap((file) => {
    const names = imported.get(file.path);
    if (names?.has(everything)) return [];
    return exportedValues(file)
      .filter((name) => !names?.has(name))
      .map((name) => ({ path: file.path, what: `exports ${name}, which no other file imports` }));
  });
}

/** Of whom a namespace is imported, or who is loaded while the program runs: which names are read cannot be told. */
const everything = '*';

function importedNames(files: readonly SourceFile[]): Map<string, Set<string>> {
  const imported = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, names } of file.imports) {
      const target = targetOf(file.path, specifier);
      if (!('path' in target) || target.path === file.path) continue;
      const known = imported.get(target.path) ?? new Set();
      for (const name of names.length === 0 ? [everything] : names) known.add(name);
      imported.set(target.path, known);
    }
  }
  return imported;
}

/** Declarations begin at the start of a line: everything is formatted by oxfmt. */
function exportedValues(file: SourceFile): string[] {
  if (!/^(lib|server|web|test|bench|demo)\/.*\.tsx?$/.test(file.path)) return [];
  const declared = /^export (?:abstract |async )*(?:function\*?|const|let|class) ([\w$]+)/gm;
  return [...file.code.matchAll(declared)].map((match) => match[1]!);
}

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { blankComments } from './blank-comments.ts';

/** One file of the repository as the rules see it. */
export interface SourceFile {
  /** from the root of the repository, with forward slashes */
  readonly path: string;
  readonly text: string;
  /** the text without its comments, line for line */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** names as the other file exports them; empty for namespaces and dynamic imports */
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

const skipped = new Set(['node_modules', 'dist', '.git']);
const skippedAtRoot = new Set(['data', 'results', 'coverage']);

/** Every text file below `root` that belongs to the project. */
export function readProject(root: string): SourceFile[] {
  return walk(root)
    .map((path) => relative(root, path).split(sep).join('/'))
    .filter((path) => !skippedAtRoot.has(path.split('/')[0]!))
    .filter((path) => !/\.(png|jpg|gz|tar|zip|woff2?|ico|tsbuildinfo)$/.test(path))
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Reads a file's imports. Everything is formatted by oxfmt, so declarations begin at the start of a line. */
export function sourceFile(path: string, text: string): SourceFile {
  if (!isSource(path)) return { path, text, code: text, imports: [] };
  const code = blankComments(text);
  const imports: Import[] = [];
  for (const match of code.matchAll(/^(import|export)\b([^'";]*?)\bfrom\s*(['"])([^'"]+)\3/gm)) {
    const clause = match[2]!.trim();
    imports.push({
      specifier: match[4]!,
      names: namesIn(clause),
      typeOnly: clause === 'type' || /^type[\s{*]/.test(clause),
    });
  }
  for (const match of code.matchAll(/^import\s*(['"])([^'"]+)\1/gm)) {
    imports.push({ specifier: match[2]!, names: [], typeOnly: false });
  }
  for (const match of code.matchAll(/\b(?:import|require|require\.resolve)\(\s*(['"`])([^'"`]+)\1/g)) {
    imports.push({ specifier: match[2]!, names: [], typeOnly: false });
  }
  return { path, text, code, imports };
}

export function isSource(path: string): boolean {
  return /\.(ts|tsx|js|mjs)$/.test(path);
}

/** Tests, contract suites and their fixtures may do what the product may not. */
export function isTest(path: string): boolean {
  return /\.(test|contract|fixture|fixtures)\.tsx?$/.test(path) || /(^|\/)(fixtures|testing)\//.test(path);
}

function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  return braces
    .split(',')
    .map((part) => /^(?:type\s+)?([\w$]+)/.exec(part.trim())?.[1] ?? '')
    .filter((name) => name !== '');
}

import { createHash } from 'node:crypto';
import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { createPlainCheck, formatPath } from './plain-check.ts';
import { readRoutine } from './read-routine.ts';
import type { Collection } from './routine.ts';
import { readYaml } from './yaml-text.ts';

/** Bindings name collections, and files and tags are called after them. */
const nameShape = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const versionShape = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

/** Collections by their text, the one asked for last at the end. */
const loaded = new Map<string, Collection>();
const mostLoaded = 8;
/** Characters of a text that is kept: many times as many as the standard collection has. */
const longestKept = 1024 * 1024;

/**
 * Reads a collection file (YAML) strictly. Every judgement brings its collections along as text, and to read one takes a hundred times
 * as long as to judge by it: those that were read last are kept, which nobody can tell, since a collection is what its text says and
 * never changes.
 *
 * @throws WharfingerError ROUTINE_INVALID naming every mistake with its line
 */
export function loadCollection(text: string): Collection {
  const collection = loaded.get(text) ?? readCollection(text);
  loaded.delete(text);
  if (text.length <= longestKept) loaded.set(text, collection);
  if (loaded.size > mostLoaded) loaded.delete(loaded.keys().next().value!);
  return collection;
}

function readCollection(text: string): Collection {
  const refuse = (what: string): never => {
    throw new WharfingerError('ROUTINE_INVALID', { what });
  };
  const { value, line } = readYaml(text, refuse);
  const check = createPlainCheck();
  const fields = check.fields(value, [], ['name', 'version', 'description', 'routines']);
  const routines = check
    .list(fields['routines'], ['routines'], 200)
    .map((routine, index) => readRoutine(routine, ['routines', index], check));
  const names = new Set<string>();
  for (const [index, { name }] of routines.entries()) {
    if (names.has(name)) check.fail(['routines', index, 'name'], `there are two routines called ${name}`);
    names.add(name);
  }
  const collection: Collection = {
    name: check.text(fields['name'], ['name'], 100),
    version: check.text(fields['version'], ['version'], 50),
    description: check.text(fields['description'], ['description'], 4000),
    routines,
    text,
    digest: digestOfCollection(text),
  };
  if (collection.name !== '' && !nameShape.test(collection.name))
    check.fail(['name'], 'must be lower-case words joined by -, such as house-rules');
  if (collection.version !== '' && !versionShape.test(collection.version))
    check.fail(['version'], 'must be a version such as 1.0.0');
  if (check.mistakes.length > 0) {
    const lines = check.mistakes
      .map(({ path, what }) => ({ at: line(path), text: `${formatPath(path) || 'the file'} ${what}` }))
      .sort((a, b) => a.at - b.at)
      .map(({ at, text }) => `line ${at}: ${text}`);
    refuse(lines.join('\n'));
  }
  return collection;
}

/** The digest that names a collection: of its text, byte for byte. */
export function digestOfCollection(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

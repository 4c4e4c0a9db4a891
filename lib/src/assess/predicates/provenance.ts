import type { ProvenanceFact } from '../../routines/facts/evidence.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, type Fields } from '../../signing/strict-fields.ts';
import {
  absent,
  documentOf,
  optionalList,
  optionalObject,
  optionalText,
  textOf,
} from './predicate-fields.ts';

/** What went into a build. */
type Material = ProvenanceFact['materials'][number];

/** How digests are preferred where there are several of one thing; gitCommit is what SLSA 1 calls that of a commit. */
const preferred = ['gitCommit', 'sha1', 'sha256', 'sha512'] as const;

/** Reads SLSA provenance 0.2 (slsa.dev/spec/v0.2/provenance). Refuses by `refuse`. */
export function readProvenance02(predicate: unknown): ProvenanceFact {
  const fields = documentOf(predicate, 'the provenance');
  const invocation = optionalObject(fields['invocation'], 'invocation');
  const config = materialOf(optionalObject(invocation['configSource'], 'configSource'), 'configSource');
  return {
    builder: textOf(objectOf(fields['builder'], 'builder')['id'], 'builder.id'),
    buildType: textOf(fields['buildType'], 'buildType'),
    ...sourceOf(config),
    materials: materialsOf(fields['materials'], 'materials'),
  };
}

/**
 * Reads SLSA provenance 1 (slsa.dev/spec/v1.1/provenance). It has no field of its own for the source: that is what BuildKit
 * (`configSource`) or GitHub (`workflow.repository`) name as their parameter, else the one git repository that the build
 * depends on. Of several none is chosen. Refuses by `refuse`.
 */
export function readProvenance1(predicate: unknown): ProvenanceFact {
  const fields = documentOf(predicate, 'the provenance');
  const definition = objectOf(fields['buildDefinition'], 'buildDefinition');
  const details = objectOf(fields['runDetails'], 'runDetails');
  const parameters = optionalObject(definition['externalParameters'], 'externalParameters');
  const materials = materialsOf(definition['resolvedDependencies'], 'resolvedDependencies');
  return {
    builder: textOf(objectOf(details['builder'], 'builder')['id'], 'builder.id'),
    buildType: textOf(definition['buildType'], 'buildType'),
    ...sourceOf(sourceOfParameters(parameters, materials)),
    materials,
  };
}

function sourceOfParameters(parameters: Fields, materials: readonly Material[]): Material | undefined {
  const config = materialOf(optionalObject(parameters['configSource'], 'configSource'), 'configSource');
  if (config !== undefined) return config;
  const git = materials.filter(({ uri }) => uri.startsWith('git+'));
  const workflow = optionalObject(parameters['workflow'], 'workflow');
  const repository = optionalText(workflow['repository'], 'workflow.repository');
  if (repository === undefined) return git.length === 1 ? git[0] : undefined;
  return git.find(({ uri }) => uri === `git+${repository}` || uri.startsWith(`git+${repository}@`));
}

function sourceOf(source: Material | undefined): Pick<ProvenanceFact, 'source' | 'sourceDigest'> {
  if (source === undefined) return {};
  return { source: source.uri, ...(source.digest === undefined ? {} : { sourceDigest: source.digest }) };
}

/** Entries without an URI, which SLSA 1 allows, tell nothing here. */
function materialsOf(value: unknown, where: string): Material[] {
  return optionalList(value, where).flatMap((item, at) => {
    const material = materialOf(objectOf(item, `${where}[${at}]`), `${where}[${at}]`);
    return material === undefined ? [] : [material];
  });
}

function materialOf(fields: Fields, where: string): Material | undefined {
  const uri = optionalText(fields['uri'], `${where}.uri`);
  if (uri === undefined) return undefined;
  const digest = digestOf(optionalObject(fields['digest'], `${where}.digest`), where);
  return { uri, ...(digest === undefined ? {} : { digest }) };
}

function digestOf(digests: Fields, where: string): string | undefined {
  for (const name of preferred) {
    if (absent(digests[name])) continue;
    const hex = textOf(digests[name], `${where}.digest.${name}`).toLowerCase();
    if (!/^[0-9a-f]{40,128}$/.test(hex)) refuse(`${where}.digest.${name} is not in hex digits`);
    // git names commits by SHA-1, or by SHA-256 in repositories that were made so
    return `${name === 'gitCommit' ? (hex.length === 40 ? 'sha1' : 'sha256') : name}:${hex}`;
  }
  return undefined;
}

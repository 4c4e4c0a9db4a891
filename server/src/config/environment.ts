import { z } from 'zod';

const prefix = 'WHARFINGER_';

/** Variables of that prefix that are no settings. */
const others = new Set(['WHARFINGER_CONFIG']);

interface Setting {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

/**
 * Names of all settings as environment variables, from the schema: registry.missingParts is
 * WHARFINGER_REGISTRY_MISSING_PARTS.
 */
export function settingsByVariable(schema: z.ZodType, path: readonly string[] = []): Map<string, Setting> {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject))
    return new Map([[prefix + path.map(toVariable).join('_'), { path, schema: inner }]]);
  const found = new Map<string, Setting>();
  for (const [key, field] of Object.entries(inner.shape)) {
    for (const [name, setting] of settingsByVariable(field, [...path, key])) found.set(name, setting);
  }
  return found;
}

/**
 * Lays the variables of the environment over the document of the configuration file.
 * @returns the document, and a sentence for each variable that is no setting or cannot be read
 */
export function applyEnvironment(
  document: Record<string, unknown>,
  schema: z.ZodType,
  environment: Readonly<Record<string, string | undefined>>,
): { document: Record<string, unknown>; mistakes: string[] } {
  const result = structuredClone(document);
  const settings = settingsByVariable(schema);
  const mistakes: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (
      !name.startsWith(prefix) ||
      others.has(name) ||
      name.startsWith('WHARFINGER_TEST_') ||
      text === undefined
    )
      continue;
    const setting = settings.get(name);
    if (!setting) {
      mistakes.push(`${name}: there is no such setting`);
      continue;
    }
    try {
      place(result, setting.path, readValue(text, setting.schema));
    } catch (error) {
      mistakes.push(`${name}: ${(error as Error).message}`);
    }
  }
  return { document: result, mistakes };
}

function toVariable(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The schema below defaults, optionals and transformations: what a person writes. */
function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType as z.ZodType);
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in as z.ZodType) : schema;
}

function readValue(text: string, schema: z.ZodType): unknown {
  if (schema instanceof z.ZodArray) return readJson(text);
  if (schema instanceof z.ZodNumber) return Number(text);
  if (schema instanceof z.ZodBoolean) {
    if (text !== 'true' && text !== 'false') throw new Error('write true or false');
    return text === 'true';
  }
  return text;
}

/** Says nothing of the text itself: passwords may stand in it. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('this is not valid JSON; write a list such as [{"name":"a"}]');
  }
}

function place(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) target[key] = value;
  else place((target[key] ??= {}) as Record<string, unknown>, rest, value);
}

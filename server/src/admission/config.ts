import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import { podTemplateSchema } from './pod-templates.ts';

const duration = z
  .string()
  .regex(/^\d+(?:ms|s|m|h)$/, 'write a number and ms, s, m or h, such as 2s')
  .transform((text) => {
    const [, count, unit] = /^(\d+)(.+)$/.exec(text)!;
    return Number(count) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
  });

const host = z
  .string()
  .regex(
    /^(?:\*|[a-z0-9.-]+(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?)$/,
    'write host[:port] in lower case, or *',
  );

/**
 * A registry: which host names in image references are it, and who judges its images. Either a Wharfinger server is asked, or
 * they are judged here by a judgement file, whatever registry serves them.
 */
const registrySchema = z
  .strictObject({
    /** hosts by which references name it; `*` stands for every host that no other entry names */
    hosts: z.array(host).min(1),
    /** address of the Wharfinger server that is asked */
    server: z.url({ protocol: /^https?$/ }).optional(),
    /** file of `wharf judgement export`: images are judged here by it */
    judgement: z.string().min(1).optional(),
    /** PEM public keys of the registry, one of which must have signed the judgement or the answers: `wharf judgement key` */
    keys: z.array(z.string().min(1)).default([]),
    /** logical identity of the registry that judgement or answers must be of; absent: of any that its key signs for */
    identity: z.string().min(1).optional(),
    /** files or folders of OSV records; absent: those that were imported for this user */
    advisories: z.array(z.string().min(1)).optional(),
    /** true: the registry is spoken to without TLS; loopback always is */
    plainHttp: z.boolean().default(false),
    /** absent: the login of docker's configuration */
    credentials: z.strictObject({ username: z.string().min(1), passwordFile: z.string().min(1) }).optional(),
  })
  .refine((entry) => (entry.server === undefined) !== (entry.judgement === undefined), {
    message: 'give either server or judgement',
  })
  .refine((entry) => entry.judgement === undefined || entry.keys.length > 0, {
    message: 'give with judgement the keys that it is signed with',
  })
  .refine((entry) => entry.identity === undefined || entry.keys.length > 0, {
    message: 'give with identity the keys that speak for it',
  });

/** What the webhook and the node verifier share: who judges, and how long that may take. */
const decisionShape = {
  registries: z.array(registrySchema).min(1),
  /** os/architecture[/variant] of the nodes; an index must pass for each of them */
  platforms: z
    .array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/, 'write os/architecture'))
    .min(1)
    .default([`linux/${process.arch === 'x64' ? 'amd64' : process.arch}`]),
  /** how long an answer counts at most, however long its verdict would hold */
  keep: duration.prefault('30s'),
};

const webhookSchema = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'write host:port')
    .default('0.0.0.0:8443'),
  tls: z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }),
  ...decisionShape,
  /** how long a review may wait for look-ups; the API server's own limit must be longer */
  budget: duration.prefault('2s'),
  /** how long a look-up may go on, so that its answer is there for the next who asks */
  lookup: duration.prefault('30s'),
  /** look-ups at the same time */
  concurrency: z.number().int().min(1).max(256).default(8),
  /** look-ups that may wait for their turn; those beyond are refused */
  waiting: z.number().int().min(0).max(100_000).default(2000),
  /** answers that are remembered */
  remembered: z.number().int().min(1).max(1_000_000).default(10_000),
  /** names of namespaces that are not reviewed, exactly; the webhook's own must be one, so that it can start */
  exemptNamespaces: z.array(z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)).default([]),
  /** kinds besides those of Kubernetes whose objects hold pod specifications */
  podTemplates: z.array(podTemplateSchema).default([]),
});

const verifierSchema = z.strictObject({
  ...decisionShape,
  registries: decisionShape.registries.refine((entries) => entries.every(({ keys }) => keys.length > 0), {
    message: 'give with server the keys that its answers are signed with: the node trusts no address',
  }),
  /** containerd gives a verifier 10 seconds */
  budget: duration.prefault('9s'),
  /** folder that answers are kept in between runs, readable and writable for the user of containerd alone; absent: none is kept */
  cache: z.string().min(1).optional(),
});

/** How the webhook is set up; times in milliseconds, paths absolute. */
export type WebhookConfig = z.infer<typeof webhookSchema>;
/** How the node verifier is set up; times in milliseconds, paths absolute. */
export type VerifierConfig = z.infer<typeof verifierSchema>;
export type RegistryConfig = WebhookConfig['registries'][number];

/**
 * Reads the webhook's configuration. Relative paths are relative to the file.
 * @throws WharfingerError CONFIG_INVALID naming every mistake
 */
export async function readWebhookConfig(file: string): Promise<WebhookConfig> {
  const config = await readYaml(file, webhookSchema);
  const tls = { certificate: besides(file, config.tls.certificate), key: besides(file, config.tls.key) };
  return { ...config, tls, registries: registriesOf(config.registries, file) };
}

/**
 * Reads the node verifier's configuration. Relative paths are relative to the file.
 * @throws WharfingerError CONFIG_INVALID naming every mistake
 */
export async function readVerifierConfig(file: string): Promise<VerifierConfig> {
  const { cache, ...config } = await readYaml(file, verifierSchema);
  return {
    ...config,
    ...(cache === undefined ? {} : { cache: besides(file, cache) }),
    registries: registriesOf(config.registries, file),
  };
}

function registriesOf(registries: readonly RegistryConfig[], file: string): RegistryConfig[] {
  const seen = new Set<string>();
  for (const { hosts } of registries) {
    for (const name of hosts) {
      if (seen.has(name)) throw invalid(file, [`registries: the host ${name} stands twice`]);
      seen.add(name);
    }
  }
  return registries.map((entry) => ({
    ...entry,
    ...(entry.judgement === undefined ? {} : { judgement: besides(file, entry.judgement) }),
    keys: entry.keys.map((key) => besides(file, key)),
    ...(entry.advisories === undefined
      ? {}
      : { advisories: entry.advisories.map((path) => besides(file, path)) }),
    ...(entry.credentials === undefined
      ? {}
      : {
          credentials: {
            ...entry.credentials,
            passwordFile: besides(file, entry.credentials.passwordFile),
          },
        }),
  }));
}

async function readYaml<T extends z.ZodType>(file: string, schema: T): Promise<z.infer<T>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new WharfingerError('CONFIG_INVALID', { what: `${file} cannot be read`, cause });
  }
  const parsed = parseDocument(text, { uniqueKeys: true });
  const mistakes = parsed.errors.map((error) => error.message.split('\n')[0]!.replace(/:$/, ''));
  if (mistakes.length > 0) throw invalid(file, mistakes);
  const checked = schema.safeParse(parsed.toJS() ?? {});
  if (checked.success) return checked.data;
  throw invalid(
    file,
    checked.error.issues.map((issue) => `${issue.path.join('.') || 'top level'}: ${issue.message}`),
  );
}

function besides(file: string, path: string): string {
  return resolve(dirname(file), path);
}

function invalid(file: string, mistakes: readonly string[]): WharfingerError {
  return new WharfingerError('CONFIG_INVALID', {
    what: mistakes.map((line) => `\n  - ${file}: ${line}`).join(''),
    detail: { mistakes },
  });
}

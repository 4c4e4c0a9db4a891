import type { CustodyLayout } from '../custody/layout.ts';
import { WharfingerError } from '../errors.ts';
import { createPlainCheck, formatPath, type PlainCheck } from '../routines/plain-check.ts';
import { readYaml } from '../routines/yaml-text.ts';
import {
  signatureFormats,
  type Revocation,
  type SignerPurpose,
  type TrustSet,
  type TrustedSigner,
} from '../signing/evidence.ts';
import { registryItself } from '../signing/trusted-signers.ts';
import { listOf, oneOf, optional, textUpTo } from './plain-fields.ts';
import { readLayout } from './read-layout.ts';
import { readPem, readRevocation, readSigner, uniqueNames } from './read-trust.ts';

/** A layout, and whose signatures count for it: all that a chain of custody is walked by, where there is no registry to ask. */
export interface CustodyFile {
  readonly layout: CustodyLayout;
  readonly trust: TrustSet;
}

/** What signers of a custody file are for where it does not say. */
const usualPurposes: readonly SignerPurpose[] = ['stamp', 'intake'];

const fileName = textUpTo(1000);

/**
 * Reads a custody file (YAML): `signers`, each with a key as `pem` or the `file` that it lies in, and the `layout`; besides, if
 * wanted, the `formats` of signatures that count, `revocations` of keys, and `registryKey`, the file with the public key of the
 * registry, by which its own summaries are known. All mistakes are listed at once, with their lines.
 *
 * @param readKey the text of a public key file, whose path is as the custody file has it
 * @throws WharfingerError LAYOUT_INVALID; whatever `readKey` throws
 */
export async function readCustodyFile(
  text: string,
  readKey: (path: string) => Promise<string>,
): Promise<CustodyFile> {
  const { value, line } = readYaml(text, invalid);
  const check = createPlainCheck();
  const fields = check.fields(value, [], ['signers', 'layout', 'formats', 'revocations', 'registryKey']);
  const given = await Promise.all(
    check.list(fields['signers'], ['signers'], 1000).map((signer, at) => withKey(signer, at, check, readKey)),
  );
  const signers = given.map((signer, at) =>
    readSigner({ sigstoreRoots: {}, trustStores: {} })(signer, ['signers', at], check),
  );
  uniqueNames(signers, ['signers'], check);
  const layout = readLayout(fields['layout'], ['layout'], check);
  if (check.mistakes.length === 0) checkNames(layout, signers, check);
  const formats = optional(
    fields,
    'formats',
    [],
    check,
    listOf(oneOf(signatureFormats), signatureFormats.length),
  );
  const keyFile = optional(fields, 'registryKey', [], check, fileName).registryKey;
  const registryKey = keyFile && readPem(await readKey(keyFile), ['registryKey'], check);
  const revocations = optional(fields, 'revocations', [], check, listOf<Revocation>(readRevocation, 1000));
  if (check.mistakes.length > 0) {
    invalid(
      check.mistakes
        .slice(0, 50)
        .map(({ path, what }) => `line ${line(path)}: ${formatPath(path)} ${what}`)
        .join('\n'),
    );
  }
  return {
    layout,
    trust: {
      signers: [
        ...signers.map((signer) => ({ ...signer, purposes: signer.purposes ?? usualPurposes })),
        ...(registryKey ? [registryItself(layout.registry, registryKey)] : []),
      ],
      formats: formats.formats ?? signatureFormats,
      sigstoreRoots: {},
      trustStores: {},
      certificateRevocations: [],
      revocations: revocations.revocations ?? [],
    },
  };
}

function invalid(what: string): never {
  throw new WharfingerError('LAYOUT_INVALID', { what });
}

/** The key in place of the file that it lies in. */
async function withKey(
  signer: unknown,
  at: number,
  check: PlainCheck,
  readKey: (path: string) => Promise<string>,
): Promise<unknown> {
  if (typeof signer !== 'object' || signer === null || !('file' in signer)) return signer;
  const { file, ...rest } = signer;
  const path = fileName(file, ['signers', at, 'file'], check);
  return { ...rest, pem: path === '' ? '' : await readKey(path) };
}

/** A name that no signer has, or that may not sign such things, would only be noticed when something is refused for it. */
function checkNames({ stages }: CustodyLayout, signers: readonly TrustedSigner[], check: PlainCheck): void {
  const known = new Map(signers.map((signer) => [signer.name, signer]));
  const path = (index: number, ...rest: Array<string | number>) => ['layout', 'stages', index, ...rest];
  for (const [index, { teams, approvals, intake }] of stages.entries()) {
    const needs = (names: readonly string[], where: Array<string | number>, purpose: SignerPurpose) => {
      for (const name of names) {
        const signer = known.get(name);
        const purposes = signer?.purposes ?? usualPurposes;
        if (signer === undefined) check.fail(where, `names no signer: ${name}`);
        else if (!purposes.includes(purpose))
          check.fail(where, `names ${name}, who is not for purpose ${purpose}`);
        else if (purposes.includes('release')) {
          check.fail(
            where,
            `names ${name}, who also releases: clients take each statement of a release key for a release`,
          );
        }
      }
    };
    for (const [at, team] of teams.entries()) {
      needs(team.signers, path(index, 'teams', at, 'signers'), 'stamp');
      if (intake) needs(team.signers, path(index, 'teams', at, 'signers'), 'intake');
    }
    needs(approvals.signers, path(index, 'approvals', 'signers'), 'stamp');
    const approvers = approvals.signers.map((name) => known.get(name)?.principal ?? name);
    const holders = Object.values(approvals.roles).flat();
    const able = new Set(approvers.filter((principal) => holders.includes(principal)));
    if (able.size < approvals.needed) {
      check.fail(
        path(index, 'approvals', 'needed'),
        `is ${approvals.needed}, but only ${able.size} people may approve`,
      );
    }
  }
}

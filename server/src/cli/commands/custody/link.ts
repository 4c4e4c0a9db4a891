import { Option, type Command } from 'commander';
import type { CustodyFile } from '@wharfinger/lib/assess/custody-file';
import { linkKinds, type CustodyStage, type LinkKind } from '@wharfinger/lib/custody/layout';
import { makeLayerLink, type LinkedParent } from '@wharfinger/lib/custody/make/make-link';
import { measureRecompressed } from '@wharfinger/lib/custody/measure-layers';
import { requireComplete } from '@wharfinger/lib/custody/make/make-summary';
import type { LayerLink } from '@wharfinger/lib/custody/statements/layer-link';
import { walkChain } from '@wharfinger/lib/custody/walk-chain';
import { parentStages } from '@wharfinger/lib/custody/walk-parent';
import { WharfingerError } from '@wharfinger/lib/errors';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { VerifiedStatement } from '@wharfinger/lib/signing/evidence';
import type { ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';
import { chainSource, openChain, readImage, type OpenChain, type PlaceOptions } from './open-chain.ts';
import { addPlaceOptions, addSignOptions, imageArgument } from './options.ts';
import { readPolicy, signerOf, stageFor } from './policy.ts';
import { keyFor, signAndAttach, type SignOptions } from './sign-and-attach.ts';
import { timeFrom } from './until.ts';
import { walkAnyStage } from './walk.ts';

interface Options extends PlaceOptions, SignOptions {
  readonly layout: string;
  readonly registry?: string;
  readonly team: string;
  readonly stage?: string;
  readonly parent?: string;
  readonly parentAs?: string;
  readonly kind?: LinkKind;
  readonly material?: readonly string[];
  readonly until: string;
}

export function addLink(custody: Command, run: Run): void {
  const command = custody
    .command('link')
    .summary('sign which layers your team added to which image')
    .description(
      'Compares an image with the one that it was built on, and signs what your team added: layers, and changes of the ' +
        'configuration. What it was built on must have a complete chain; take it in first with wharf custody intake ' +
        'where the layout asks for that.',
    )
    .argument('<image>', imageArgument)
    .requiredOption('--team <team>', 'the team that built it, as the layout names it')
    .option('--parent <image>', 'what it was built on, in the same registry or folder; without it: nothing')
    .option('--parent-as <repository>', 'repository of the parent, where it lies in a folder')
    .option('--stage <name>', 'stage of the layout (default: the one for the repository and the team)')
    .addOption(
      new Option('--kind <kind>', 'what was done (default: what the layers show)').choices([...linkKinds]),
    )
    .option('--material <uri...>', 'what else went in, such as git+https://host/repository@commit')
    .option('--until <time>', 'until when the link counts: 365d, 12h or an RFC 3339 time', '365d');
  addSignOptions(addPlaceOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  wharf custody link localhost:5000/base/debian:12 --team platform --key base.key --layout custody.yaml\n' +
        '  wharf custody link localhost:5000/prod/api:1 --parent localhost:5000/base/debian:12 --team payments --key app.key --layout custody.yaml\n' +
        '  wharf custody link IMAGE --team payments --layout custody.yaml --print > link.json\n' +
        `  cosign attest --key … --type ${predicateTypes.layerLink} --predicate link.json IMAGE@sha256:…`,
    )
    .action(run(link));
}

async function link(session: Session, options: Options, text: string): Promise<ExitCode> {
  const policy = await readPolicy(options.layout, options.registry);
  const now = session.now();
  const until = timeFrom(options.until, now);
  const key = await keyFor(options, session);
  const chain = await openChain(text, options, session, true);
  try {
    const stage = stageFor(policy, chain.repository, options);
    const { team, signers } = stage.teams.find((one) => one.team === options.team)!;
    if (key !== undefined) signerOf(policy, key, signers, `link of team ${team}`);
    const source = chainSource(chain, policy.trust, now);
    const image = await readImage(chain, source);
    const parent =
      options.parent === undefined
        ? undefined
        : await readParent(session, options, options.parent, policy, stage, chain);
    const predicate = makeLayerLink({
      image,
      registry: policy.layout.registry,
      team,
      from: now,
      until,
      ...(parent === undefined
        ? {}
        : {
            parent,
            measured: await measureRecompressed({ source, measured: new Map() }, image, parent.image),
          }),
      ...(options.kind === undefined ? {} : { kind: options.kind }),
      ...(options.material === undefined ? {} : { materials: options.material.map((uri) => ({ uri })) }),
    });
    const statement = { predicateType: predicateTypes.layerLink, predicate };
    await requireAccepted(policy, stage, chain, predicate, now);
    return await signAndAttach(
      session,
      chain,
      statement,
      key,
      `Linked as ${predicate.kind} of team ${team}:`,
    );
  } finally {
    await chain.close();
  }
}

/** Walks the chain as if the link were there already: what nobody would accept is not signed. */
async function requireAccepted(
  { layout, trust }: CustodyFile,
  stage: CustodyStage,
  chain: OpenChain,
  predicate: LayerLink,
  now: Date,
): Promise<void> {
  const { repository, subject } = chain;
  const [signer = ''] = stage.teams.find(({ team }) => team === predicate.team)?.signers ?? [];
  const link: VerifiedStatement = {
    signer: { key: signer, keyId: '', principal: '', purposes: ['stamp'] },
    format: 'cosign-v3',
    subject: subject.digest,
    predicateType: predicateTypes.layerLink,
    predicate,
    payloadDigest: digestOf(JSON.stringify(predicate)),
    evidence: digestOf(''),
  };
  const source = chainSource(chain, trust, now);
  const report = await walkChain({
    repository,
    digest: subject.digest,
    layout,
    stage: stage.name,
    now,
    source: {
      ...source,
      async statements(name, digest) {
        const found = await source.statements(name, digest);
        const isSubject = name === repository && digest === subject.digest;
        return isSubject ? { ...found, statements: [...found.statements, link] } : found;
      },
    },
  });
  const against = report.problems.filter(
    ({ code, stage: of }) => of !== stage.name || !code.startsWith('approval'),
  );
  if (against.length === 0) return;
  throw new WharfingerError('CUSTODY_INCOMPLETE', {
    what: against.map(({ message }) => message).join('\n'),
    remedy: 'nothing was signed; correct the image, the command or the layout',
  });
}

/** The image that it was built on, once its chain was found complete. */
async function readParent(
  session: Session,
  options: Options,
  text: string,
  policy: CustodyFile,
  stage: CustodyStage,
  child: OpenChain,
): Promise<LinkedParent> {
  const { parentAs, platform } = options;
  const chain = await openChain(
    text,
    { ...(parentAs === undefined ? {} : { as: parentAs }), ...(platform === undefined ? {} : { platform }) },
    session,
    true,
  );
  try {
    if (chain.place !== child.place) {
      throw new WharfingerError('USAGE', {
        what: `the parent lies in ${chain.place}, the image in ${child.place}`,
        remedy: 'copy the parent there first, with its evidence: a chain is walked in one place',
      });
    }
    const source = chainSource(chain, policy.trust, session.now());
    const report = requireComplete(
      await walkAnyStage(policy, parentStages(policy.layout, stage), chain, source, session.now()),
    );
    const top = report.stages.at(-1)!;
    return { image: await readImage(chain, source), link: top.link, seq: top.seq };
  } finally {
    await chain.close();
  }
}

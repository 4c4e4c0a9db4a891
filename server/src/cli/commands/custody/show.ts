import type { Command } from 'commander';
import type { CustodyFile } from '@wharfinger/lib/assess/custody-file';
import { makeChainSummary } from '@wharfinger/lib/custody/make/make-summary';
import { compareSummaries } from '@wharfinger/lib/custody/registry-summaries';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import { walkChain } from '@wharfinger/lib/custody/walk-chain';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { readSigningKey } from '../../key-file.ts';
import type { Run, Session } from '../../session.ts';
import { withKnownImages } from './known-images.ts';
import { chainSource, openChain, type OpenChain, type PlaceOptions } from './open-chain.ts';
import { addPlaceOptions, imageArgument } from './options.ts';
import { readPolicy } from './policy.ts';
import { reportText, summariesText, summaryText } from './report-text.ts';

interface Options extends PlaceOptions {
  readonly layout: string;
  readonly registry?: string;
  readonly stage?: string;
  readonly summaryKey?: string;
}

const stageOption = 'stage that the image is of (default: the last one)';

export function addShow(custody: Command, run: Run): void {
  const command = custody
    .command('show')
    .summary('show which team answers for each layer, by what evidence')
    .description(
      'Walks the chain of custody of an image and shows it: layer, team, evidence; who approved, until when; and what is ' +
        'against it. Nothing that a registry says is believed but signatures; what it says itself of the chain is shown with its time, ' +
        'and whether that is the chain as it is. An index is shown with all its images.',
    )
    .argument('<image>', imageArgument)
    .option('--stage <name>', stageOption);
  addPlaceOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  wharf custody show localhost:5000/prod/api:1 --layout custody.yaml\n' +
        '  wharf custody show ./layout:api --as prod/api --layout custody.yaml',
    )
    .action(run(show));
}

export function addVerifyChain(custody: Command, run: Run): void {
  const command = custody
    .command('verify')
    .summary('check the chain of custody of an image: the exit code tells')
    .description(
      'Walks the chain of custody of an image from the final one to its base. Exits with 0 if it is complete, with 3 if ' +
        'anything is against it. With --summary-key, a SLSA verification summary of a complete chain is signed, which plain ' +
        'clients check with one command.',
    )
    .argument('<image>', imageArgument)
    .option('--stage <name>', stageOption)
    .option('--summary-key <file>', 'private key of the registry to sign a summary with');
  addPlaceOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  wharf custody verify localhost:5000/prod/api:1 --layout custody.yaml',
    )
    .action(run(verify));
}

async function show(session: Session, options: Options, text: string): Promise<ExitCode> {
  return walked(session, options, text, async (report, chain, { trust, layout }) => {
    const { statements } = await chainSource(chain, trust, session.now()).statements(
      chain.repository,
      chain.subject.digest,
    );
    const summaries = compareSummaries(report, layout.registry, statements);
    session.result({ ...report, summaries }, () =>
      [reportText(report, session.style), ...summariesText(summaries, session.style)].join('\n\n'),
    );
    return exitCodes.done;
  });
}

async function verify(session: Session, options: Options, text: string): Promise<ExitCode> {
  return walked(session, options, text, async (report, chain, policy) => {
    const { summaryKey } = options;
    const summary =
      summaryKey === undefined || !report.complete
        ? undefined
        : await signSummary(session, summaryKey, report, chain, policy);
    session.result(summary === undefined ? report : { ...report, summary }, () =>
      summaryText(report, session.style),
    );
    return report.complete ? exitCodes.done : exitCodes.refused;
  });
}

async function walked(
  session: Session,
  options: Options,
  text: string,
  use: (report: CustodyReport, chain: OpenChain, policy: CustodyFile) => Promise<ExitCode>,
): Promise<ExitCode> {
  const policy = await readPolicy(options.layout, options.registry);
  const chain = await openChain(text, options, session, false);
  try {
    const now = session.now();
    const { repository, subject } = chain;
    const report = await walkChain({
      repository,
      digest: subject.digest,
      layout: policy.layout,
      now,
      source: withKnownImages(chainSource(chain, policy.trust, now), chain),
      ...(options.stage === undefined ? {} : { stage: options.stage }),
    });
    return await use(report, chain, policy);
  } finally {
    await chain.close();
  }
}

async function signSummary(
  session: Session,
  file: string,
  report: CustodyReport,
  chain: OpenChain,
  { layout }: CustodyFile,
): Promise<{ readonly attestation: string }> {
  const { registry } = layout;
  const predicate = makeChainSummary({ report, registry, verifier: registry, now: session.now() });
  const key = await readSigningKey(file, session);
  const statement = { predicateType: predicateTypes.verificationSummary, predicate };
  const signed = signStatement(chain.subject, statement, key, session.now());
  await chain.attach(chain.repository, signed);
  return { attestation: signed.manifest.digest };
}

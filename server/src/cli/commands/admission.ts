import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Run, Session } from '../session.ts';

export function addAdmission(program: Command, run: Run): void {
  const group = program
    .command('admission')
    .summary('let a Kubernetes cluster run only what passes')
    .description('Decides for a Kubernetes cluster which images its pods may run.');
  group
    .command('serve')
    .summary('run the admission webhook')
    .description(
      'Runs the admission webhook of a Kubernetes cluster until it is told to stop: it writes into pods the digest of what ' +
        'passed in place of tags, and refuses what did not pass, with the reasons.',
    )
    .requiredOption('-c, --config <file>', 'configuration (YAML)')
    .addHelpText('after', '\nExample:\n  wharf admission serve --config admission.yaml')
    .action(run(serve));
  group
    .command('certificates')
    .summary('make a certificate for the webhook, and the authority that the API server is to trust')
    .description(
      'Writes ca.crt, tls.crt and tls.key. The API server reaches the webhook by the name of its Service, or by the hosts ' +
        'given. ca.crt goes into the webhook configurations as caBundle; its key is not kept.',
    )
    .option('--service <name>', 'name of the Service', 'wharfinger-admission')
    .option('--namespace <name>', 'namespace of the Service', 'wharfinger-admission')
    .option('--host <name...>', 'DNS names or IP addresses, in place of those of a Service')
    .option('--days <number>', 'how long they hold', '365')
    .requiredOption('-o, --output <folder>', 'where to write them')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf admission certificates --output certificates\n' +
        '  wharf admission certificates --host 127.0.0.1 --output certificates',
    )
    .action(run(makeCertificates));
}

async function serve(session: Session, { config: file }: { config: string }): Promise<ExitCode> {
  // Loaded here, so that no other command pays for them.
  const [{ readWebhookConfig }, { runWebhook }, { pino }] = await Promise.all([
    import('../../admission/config.ts'),
    import('../../admission/webhook.ts'),
    import('pino'),
  ]);
  const log = pino({ level: session.environment['WHARFINGER_LOG_LEVEL'] ?? 'info' });
  const webhook = await runWebhook(await readWebhookConfig(file), session, log);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await webhook.stop();
  return exitCodes.done;
}

interface CertificateOptions {
  readonly service: string;
  readonly namespace: string;
  readonly host?: readonly string[];
  readonly days: string;
  readonly output: string;
}

async function makeCertificates(session: Session, options: CertificateOptions): Promise<ExitCode> {
  const { service, namespace, days, output } = options;
  if (!/^[1-9]\d{0,3}$/.test(days)) {
    throw new WharfingerError('USAGE', {
      what: `--days ${JSON.stringify(days)} is no number from 1 to 9999`,
    });
  }
  const name = `${service}.${namespace}.svc`;
  const hosts = options.host ?? [name, `${name}.cluster.local`];
  const { makeWebhookCertificates } = await import('../../admission/certificates.ts');
  const made = await makeWebhookCertificates(hosts, Number(days), session.now());
  await mkdir(output, { recursive: true });
  await writeFile(join(output, 'ca.crt'), made.authority);
  await writeFile(join(output, 'tls.crt'), made.certificate);
  await writeFile(join(output, 'tls.key'), made.key, { mode: 0o600 });
  const caBundle = Buffer.from(made.authority).toString('base64');
  session.result({ output, hosts, days: Number(days), caBundle }, () =>
    displayable(`${output} holds ca.crt, tls.crt and tls.key for ${hosts.join(', ')}, for ${days} days.`),
  );
  return exitCodes.done;
}

import type { Command } from 'commander';
import { keyOption } from '../key-file.ts';
import type { Run } from '../session.ts';
import { listProbes } from '../probe-list.ts';
import { pushProbe } from '../probe-push.ts';
import { runProbeHere } from '../probe-run.ts';

export function addProbe(program: Command, run: Run): void {
  const group = program
    .command('probe')
    .summary('run checks that are images themselves')
    .description(
      'Runs probes: images that contain a check, and declare by a schema what it finds. A container engine runs them on an image ' +
        'under test without network, capabilities or anything to write to, and what they find can decide a verdict.',
    );
  group
    .command('run')
    .summary('run a probe on an image, on this machine')
    .description(
      'Runs a probe on an image in a sandbox that is removed afterwards, and shows what it found. With --key it is signed and ' +
        'attached to the image, where it counts if the policy binds the probe and trusts the key for probes. The exit code is ' +
        '4 where the probe came to no result.',
    )
    .argument('<probe>', 'the probe: reference in any registry, OCI layout folder, or archive')
    .argument('<image>', 'the image under test, likewise')
    .option(
      '--engine <address>',
      'the container engine (default: DOCKER_HOST, or unix:///var/run/docker.sock)',
    )
    .option('--platform <os/arch>', 'which image of an index (default: that for this machine)')
    .option('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExamples:\n  wharf probe run localhost:5000/probes/secrets@sha256:… localhost:5000/team/app:1.4\n' +
        '  wharf probe run ./probe-layout saved.tar --json',
    )
    .action(run(runProbeHere));
  group
    .command('push')
    .summary('check an image that is to be a probe, push it, and sign it')
    .description(
      'Checks what an image declares in its label dev.wharfinger.probe, and pushes it. With --key it is signed as well, so that a ' +
        'registry may demand the signature before it runs the probe. What is printed at the end goes into the configuration of the registry.',
    )
    .argument(
      '<source>',
      'the probe: archive of docker save, OCI layout folder, or reference in any registry',
    )
    .argument('<target>', 'host/repository:tag')
    .option('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExample:\n  docker save probe -o probe.tar\n' +
        '  wharf probe push probe.tar localhost:5000/probes/secrets:1 --key security.key',
    )
    .action(run(pushProbe));
  group
    .command('list')
    .summary('list the probes that a registry runs')
    .description('Lists which probes a Wharfinger registry runs on the images of which repositories.')
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .addHelpText('after', '\nExample:\n  wharf probe list localhost:5000')
    .action(run(listProbes));
}

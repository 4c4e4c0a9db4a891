import { join } from 'node:path';
import { attempt } from '../harness/command.ts';
import { startWebhook, type Webhook } from '../admission/webhook-process.ts';
import { readNode, readReview, reviewOf, writeVerifierConfigs, type Admission } from './admissions.ts';
import { platform, reader, type Setting } from './setting.ts';

const verifier = join(import.meta.dirname, '../../server/bin/wharf-verifier.js');

/** The webhook over HTTPS and the node verifier as containerd runs it. */
export interface RealAdmissions extends AsyncDisposable {
  readonly admissions: Readonly<Record<string, Admission>>;
}

export async function runReal(setting: Setting): Promise<RealAdmissions> {
  const { plain, server, files } = setting;
  const configs = await writeVerifierConfigs(setting);
  const keys = [files.registryKey];
  await using started = new AsyncDisposableStack();
  const start = async (name: string, registry: object): Promise<Webhook> => {
    const settings = { platforms: [platform], budget: '60s', registries: [registry] };
    return started.use(await startWebhook(join(files.folder, name), settings));
  };
  const byFile = await start('webhook-by-file', {
    hosts: [plain],
    judgement: files.judgement,
    keys,
    advisories: [files.advisories],
  });
  const byServer = await start('webhook-by-server', {
    hosts: [server.address],
    server: server.url,
    keys,
    credentials: { username: reader.name, passwordFile: files.password },
  });
  const review = (webhook: Webhook, host: string): Admission => {
    return async (one) => {
      const { text } = await webhook.send('/validate', JSON.stringify(reviewOf(host, one)));
      const { response } = JSON.parse(text) as {
        response: { allowed: boolean; status?: { message: string }; warnings?: string[] };
      };
      const { allowed, status, warnings } = response;
      return readReview(
        { allowed, ...(status && { message: status.message }), ...(warnings && { warnings }) },
        host,
      );
    };
  };
  const node = (config: string, host: string, home: string): Admission => {
    return async ({ repository, digest }) => {
      const given = ['-name', `${host}/${repository}:v1`, '-digest', digest];
      const { code, stdout } = await attempt([process.execPath, verifier, ...given], {
        env: { HOME: home, WHARFINGER_VERIFIER_CONFIG: config },
      });
      return readNode(code === 0, stdout.trim());
    };
  };
  const stack = started.move();
  return {
    admissions: {
      'webhook over HTTPS, by file': review(byFile, plain),
      'webhook over HTTPS, by server': review(byServer, server.address),
      'wharf-verifier, by file': node(configs['by file'], plain, byFile.folder),
      'wharf-verifier, by server': node(configs['by server'], server.address, byServer.folder),
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

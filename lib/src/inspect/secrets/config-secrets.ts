import type { ImageConfig } from '../config.ts';
import type { ImageSecrets } from './image-secrets.ts';
import type { SecretList } from './image-secrets.ts';
import { SecretScanner } from './secret-scanner.ts';

/** Looks for secrets in what everybody can read who can pull: variables, labels, commands, and how the layers were made. */
export function findConfigSecrets(config: ImageConfig, list: SecretList): void {
  const look = (where: ImageSecrets['found'][number]['where'], path: string, text: string): void => {
    const bytes = Buffer.from(text);
    // What is searched is configuration whatever its name is.
    const file = { path: '.env', isPublic: false, isText: true };
    const scanner = new SecretScanner(file, bytes.length, ({ hits, more }) => {
      if (more > 0) list.lacks('the configuration holds more than are listed');
      for (const { line: _line, ...hit } of hits) list.add({ ...hit, where, path });
    });
    scanner.data(bytes);
    scanner.end();
  };
  for (const variable of config.env) look('environment', variable.split('=', 1)[0]!, variable);
  for (const [name, value] of Object.entries(config.labels)) look('label', name, `${name}=${value}`);
  for (const text of [...config.entrypoint, ...config.cmd]) look('command', 'command', text);
  for (const [index, { createdBy }] of config.history.entries()) {
    if (createdBy !== undefined) look('history', `step ${index + 1}`, createdBy);
  }
}

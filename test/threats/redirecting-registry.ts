import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * Runs in a network of its own, in which one address is public: a registry there asks for a login and redirects each request
 * for a blob, to storage on another port of the same address, then to one of the machine itself. Prints what `wharf` made
 * of it and what each of them was sent. Arguments: that address, a JSON file of paths and what lies there, and the command.
 */
const [address, file, ...command] = process.argv.slice(2) as [string, string, string, ...string[]];
const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { type: string; base64: string }>;

function serve(request: IncomingMessage, response: ServerResponse): void {
  const found = content[request.url ?? ''];
  if (found === undefined) return void response.writeHead(404).end('{"errors":[]}');
  response.writeHead(200, { 'content-type': found.type }).end(Buffer.from(found.base64, 'base64'));
}

async function listen(port: number, host: string, asked: string[], handle: typeof serve): Promise<Server> {
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? 'without a login'}`);
    handle(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

let target = '';
const asked = { registry: [] as string[], storage: [] as string[], inner: [] as string[] };
const servers = [
  await listen(80, address, asked.registry, (request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
    else if (request.url!.includes('/blobs/'))
      response.writeHead(307, { location: `${target}${request.url}` }).end();
    else serve(request, response);
  }),
  await listen(8080, address, asked.storage, serve),
  await listen(8080, '127.0.0.1', asked.inner, serve),
];

async function runWith(storage: string) {
  target = storage;
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

const honest = await runWith(`http://${address}:8080`);
const inner = await runWith('http://127.0.0.1:8080');
console.log(JSON.stringify({ honest, inner, asked }));
for (const server of servers) server.close();

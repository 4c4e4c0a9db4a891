import { generateKeyPairSync } from 'node:crypto';
import { checksumOf } from '@wharfinger/lib/inspect/secrets/value-checks';
import { alnum, base64, base64url, digits, hex, lower, Seeded, upper } from './random.ts';

/** A file with one secret in it. */
export interface Case {
  readonly path: string;
  readonly text: string;
  /** what must be found, and where; absent: nothing */
  readonly expected?: { readonly rule: string; readonly line: number };
}

type Make = (random: Seeded) => string;

/** Parts stand apart here, so that nothing in this file looks like what it makes. */
const join = (...parts: readonly string[]): string => parts.join('');

const checked =
  (prefix: string): Make =>
  (random) => {
    const body = random.text(alnum, 30);
    return join(prefix, '_', body, checksumOf(body));
  };
const plain =
  (prefix: readonly string[], ...body: ReadonlyArray<readonly [string, number] | string>): Make =>
  (random) =>
    join(...prefix, ...body.map((part) => (typeof part === 'string' ? part : random.text(part[0], part[1]))));

const jwt: Make = (random) => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: random.uuid(), iat: 1700000000, scope: 'admin' };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${random.text(base64url, 43)}`;
};

/** Tokens that stand anywhere: rule, name of a variable, maker. */
const tokens: ReadonlyArray<readonly [rule: string, name: string, make: Make]> = [
  ['aws-access-key-id', 'AWS_ACCESS_KEY_ID', plain(['AK', 'IA'], [`${upper}234567`, 16])],
  ['aws-secret-access-key', 'AWS_SECRET_ACCESS_KEY', plain([], [base64, 40])],
  ['gcp-api-key', 'MAPS_KEY', plain(['AI', 'za'], [base64url, 35])],
  ['google-oauth-client-secret', 'OAUTH_CLIENT', plain(['GOC', 'SPX-'], [alnum, 28])],
  [
    'azure-storage-key',
    'STORAGE',
    plain(['DefaultEndpointsProtocol=https;AccountName=shop;Account', 'Key='], [base64, 86], '=='),
  ],
  ['azure-client-secret', 'ARM_CLIENT', plain([], [alnum, 3], '8', 'Q~', [alnum, 34])],
  ['alibaba-access-key-id', 'OSS_ID', plain(['LT', 'AI5t'], [alnum, 18])],
  ['digitalocean-token', 'DO_TOKEN', plain(['dop', '_v1_'], [hex, 64])],
  ['databricks-token', 'DATABRICKS_TOKEN', plain(['da', 'pi'], [hex, 32])],
  ['vault-token', 'VAULT_TOKEN', plain(['hv', 's.'], [alnum, 90])],
  ['terraform-cloud-token', 'TFC_TOKEN', plain([], [alnum, 14], '.atlas', 'v1.', [alnum, 67])],
  ['pulumi-token', 'PULUMI_ACCESS_TOKEN', plain(['pu', 'l-'], [hex, 40])],
  ['doppler-token', 'DOPPLER_TOKEN', plain(['dp.', 'pt.'], [alnum, 43])],
  ['github-token', 'GITHUB_TOKEN', checked('ghp')],
  ['github-token', 'GH_OAUTH', checked('gho')],
  ['github-token', 'GH_APP', checked('ghs')],
  ['github-fine-grained-token', 'GH_PAT', plain(['github', '_pat_'], [alnum, 22], '_', [alnum, 59])],
  ['gitlab-token', 'GITLAB_TOKEN', plain(['glp', 'at-'], '7', [alnum, 19])],
  ['npm-token', 'NPM_TOKEN', checked('npm')],
  ['pypi-token', 'TWINE', plain(['pypi-', 'AgEIcHlwaS5vcmc'], [base64url, 140])],
  ['rubygems-token', 'GEM_HOST_API_KEY', plain(['ruby', 'gems_'], [hex, 48])],
  ['docker-hub-token', 'HUB', plain(['dckr', '_pat_'], [alnum, 27])],
  ['sentry-token', 'SENTRY_USER', plain(['snt', 'ryu_'], [hex, 64])],
  ['linear-api-key', 'LINEAR', plain(['lin', '_api_'], [alnum, 40])],
  ['postman-api-key', 'POSTMAN', plain(['PM', 'AK-'], [hex, 24], '-', [hex, 34])],
  ['slack-token', 'SLACK', plain(['xo', 'xb-'], [digits, 12], '-', [digits, 12], '-', [alnum, 24])],
  [
    'slack-webhook',
    'NOTIFY',
    plain(['https://hooks.', 'slack.com/services/T'], [upper, 9], '/B', [upper, 9], '/', [alnum, 24]),
  ],
  [
    'discord-webhook',
    'HOOK',
    plain(['https://discord', '.com/api/webhooks/'], '1', [digits, 17], '/', [base64url, 68]),
  ],
  ['telegram-bot-token', 'BOT', plain([], '5', [digits, 9], ':', 'AA', [base64url, 33])],
  ['stripe-key', 'STRIPE', plain(['sk_', 'live_'], [alnum, 24])],
  ['stripe-key', 'STRIPE_RESTRICTED', plain(['rk_', 'live_'], [alnum, 99])],
  ['square-token', 'SQUARE', plain(['sq0', 'atp-'], [base64url, 22])],
  ['shopify-token', 'SHOPIFY', plain(['sh', 'pat_'], [hex, 32])],
  ['sendgrid-key', 'SENDGRID', plain(['S', 'G.'], [alnum, 22], '.', [alnum, 43])],
  ['twilio-secret', 'TWILIO_AUTH_TOKEN', plain([], [hex, 32])],
  ['mailchimp-key', 'MAILCHIMP', plain([], [hex, 32], '-us', '12')],
  ['huggingface-token', 'HF', plain(['h', 'f_'], [alnum, 34])],
  ['openai-key', 'OPENAI', plain(['s', 'k-'], [alnum, 20], 'T3Blbk', 'FJ', [alnum, 20])],
  ['openai-key', 'OPENAI_PROJECT', plain(['s', 'k-proj-'], [base64url, 74], 'T3Blbk', 'FJ', [base64url, 74])],
  ['anthropic-key', 'CLAUDE', plain(['sk-', 'ant-api03-'], [base64url, 93], 'AA')],
  ['new-relic-key', 'NEW_RELIC', plain(['NR', 'AK-'], [`${upper}${digits}`, 27])],
  ['datadog-key', 'DD_API_KEY', plain([], [hex, 32])],
  ['grafana-token', 'GRAFANA', plain(['gl', 'sa_'], [alnum, 32], '_', [hex, 8])],
  ['cloudflare-token', 'CLOUDFLARE_API_TOKEN', plain([], [alnum, 40])],
  ['age-secret-key', 'AGE', plain(['AGE-SECRET', '-KEY-1'], ['QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58])],
  ['json-web-token', 'SESSION', jwt],
  ['heroku-api-key-by-name', 'HEROKU_API_KEY', (random) => random.uuid()],
];

/** Files in which a variable stands. */
const settings: ReadonlyArray<
  (
    name: string,
    value: string,
  ) => { readonly path: string; readonly lines: readonly string[]; readonly at: number }
> = [
  (name, value) => ({
    path: 'srv/app/.env',
    lines: ['NODE_ENV=production', 'PORT=8080', '', `${name}=${value}`, 'LOG_LEVEL=info'],
    at: 4,
  }),
  (name, value) => ({
    path: 'srv/app/settings.py',
    lines: ['import os', '', 'DEBUG = False', `${name} = "${value}"`, 'ALLOWED_HOSTS = ["*"]'],
    at: 4,
  }),
  (name, value) => ({
    path: 'etc/app/config.yaml',
    lines: ['server:', '  port: 8080', 'integrations:', `  ${name.toLowerCase()}: ${value}`, '  retries: 3'],
    at: 4,
  }),
  (name, value) => ({
    path: 'opt/app/config.json',
    lines: ['{', '  "port": 8080,', `  "${name}": "${value}",`, '  "debug": false', '}'],
    at: 3,
  }),
  (name, value) => ({
    path: 'usr/local/bin/deploy.sh',
    lines: ['#!/bin/sh', 'set -e', `export ${name}='${value}'`, 'exec ./deploy "$@"'],
    at: 3,
  }),
];

function pem(kind: 'rsa' | 'ec' | 'ed25519', type: 'pkcs1' | 'sec1' | 'pkcs8'): string {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return privateKey.export({ type: type as 'pkcs8', format: 'pem' });
}

/** Files that are secrets as a whole, or have a form of their own. */
function peculiar(random: Seeded): Case[] {
  const password = (): string =>
    `${random.text(lower, 4)}${random.text(upper, 3)}${random.text(digits, 3)}!${random.text(alnum, 3)}`;
  const rsa = pem('rsa', 'pkcs8');
  const login = Buffer.from(`deployer:${password()}`).toString('base64');
  const openSsh = Buffer.concat([
    Buffer.from('openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01', 'latin1'),
    random.bytes(300),
  ])
    .toString('base64')
    .replaceAll(/.{70}/g, '$&\n');
  const begin = (kind: string): string => join('-----BEGIN ', kind, 'PRIVATE ', 'KEY-----');
  const at = (path: string, text: string, rule: string, line = 1): Case => ({
    path,
    text,
    expected: { rule, line },
  });
  const shadow = (): string => `$6$${random.text(alnum, 8)}$${random.text(alnum, 86)}`;
  return [
    at('app/tls/server.key', pem('rsa', 'pkcs1'), 'private-key', 2),
    at('app/tls/pkcs8.pem', rsa, 'private-key', 2),
    at('app/tls/ec.pem', pem('ec', 'sec1'), 'private-key', 2),
    at('app/tls/ed25519.pem', pem('ed25519', 'pkcs8'), 'private-key', 2),
    at(
      'root/.ssh/id_ed25519',
      `${begin('OPENSSH ')}\n${openSsh}\n-----END OPENSSH PRIVATE KEY-----\n`,
      'private-key',
      2,
    ),
    at('app/key.go', `package main\n\nconst key = \`${rsa}\``, 'private-key', 4),
    at('app/signing.json', JSON.stringify({ alg: 'RS256', pem: rsa }), 'private-key'),
    at(
      'app/account.json',
      JSON.stringify({ type: 'service_account', project_id: 'shop', private_key: rsa }, null, 1),
      'gcp-service-account-key',
      4,
    ),
    at(
      'root/.kube/config',
      `users:\n- name: admin\n  user:\n    client-key-data: ${Buffer.from(rsa).toString('base64')}\n`,
      'private-key-base64',
      4,
    ),
    at(
      'app/chart/secret.yaml',
      `kind: Secret\ndata:\n  tls.key: ${Buffer.from(pem('ec', 'pkcs8')).toString('base64')}\n`,
      'private-key-base64',
      3,
    ),
    at(
      'root/key.ppk',
      `${join('PuTTY-User-', 'Key-File-3')}: ssh-ed25519\nEncryption: none\nComment: me\nPublic-Lines: 2\n${random.text(base64, 64)}\n${random.text(base64, 20)}\nPrivate-Lines: 1\n${random.text(base64, 48)}\n`,
      'putty-private-key',
      3,
    ),
    at(
      'app/jwk.json',
      JSON.stringify({
        kty: 'EC',
        crv: 'P-256',
        x: random.text(base64url, 43),
        y: random.text(base64url, 43),
        d: random.text(base64url, 43),
      }),
      'jwk-private-key',
    ),
    at(
      'root/.docker/config.json',
      JSON.stringify({ auths: { 'registry.example': { auth: login } } }, null, 2),
      'container-registry-login',
      4,
    ),
    at(
      'app/.npmrc',
      `registry=https://npm.corp.test/\n//npm.corp.test/:${join('_auth', 'Token')}=${random.uuid()}\n`,
      'npm-registry-login',
      2,
    ),
    at('root/.netrc', `machine git.corp.test\nlogin deployer\npassword ${password()}\n`, 'netrc-password', 3),
    at('root/.pgpass', `# main\ndb.corp.test:5432:shop:app:${password()}\n`, 'pgpass-password', 2),
    at(
      'etc/shadow',
      `daemon:*:19000:0:99999:7:::\nroot:${shadow()}:19000:0:99999:7:::\n`,
      'system-password-hash',
      2,
    ),
    at(
      'etc/shadow-',
      `admin:$y$j9T$${random.text(alnum, 22)}$${random.text(alnum, 43)}:19000:0:99999:7:::\n`,
      'system-password-hash',
    ),
    at(
      'etc/nginx/.htpasswd',
      `alice:$apr1$${random.text(alnum, 8)}$${random.text(alnum, 22)}\n`,
      'web-password-hash',
    ),
    at('root/.git-credentials', `https://deployer:${password()}@git.corp.internal\n`, 'password-in-address'),
    at(
      'app/db.js',
      `const pool = connect(\n  'mysql://app:${password()}@db.corp.internal:3306/shop',\n);\n`,
      'password-in-address',
      2,
    ),
    at(
      'app/application.properties',
      `spring.datasource.url=jdbc:postgresql://db/shop\nspring.datasource.password=${password()}\n`,
      'assigned-secret',
      2,
    ),
    at(
      'app/web.config',
      `<configuration>\n<add name="db" value="x" />\n<password>${password()}</password>\n</configuration>\n`,
      'password-in-xml',
      3,
    ),
    at('app/legacy.ini', `[db]\nuser = app\npassword = ${password()}\n`, 'assigned-secret', 3),
    at('app/values.yaml', `auth:\n  rootPassword: "${password()}"\n`, 'assigned-secret', 2),
    at('app/client.rb', `Client.new(\n  api_key: "${random.text(alnum, 32)}7",\n)\n`, 'assigned-secret', 2),
    at('app/config.toml', `[session]\nsecret_token = "${random.text(hex, 64)}"\n`, 'assigned-secret', 2),
    at('app/amqp.conf', `url = amqps://worker:${password()}@mq.corp.internal/prod\n`, 'password-in-address'),
    at('app/redis.py', `R = "redis://:${password()}@cache.corp.internal:6379/0"\n`, 'password-in-address'),
    at('app/pw.env', `MYSQL_ROOT_PASSWORD=${password()}\n`, 'assigned-secret'),
  ];
}

/** True secrets in files of many kinds, made anew and always the same, but for the keys. */
export function trueSecrets(): Case[] {
  const random = new Seeded('true secrets');
  const cases = tokens.flatMap(([rule, name, make], index) =>
    [0, 1, 2].map((turn): Case => {
      const { path, lines, at } = settings[(index + turn * 2) % settings.length]!(name, make(random));
      return { path, text: `${lines.join('\n')}\n`, expected: { rule, line: at } };
    }),
  );
  return [...cases, ...peculiar(random), ...[1, 2].flatMap(() => peculiar(random).slice(12))];
}

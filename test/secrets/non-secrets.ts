import { generateKeyPairSync } from 'node:crypto';
import { alnum, base64, base64url, digits, hex, lower, Seeded, upper } from './random.ts';
import type { Case } from './true-secrets.ts';

type Make = (random: Seeded) => Case;

const word = (random: Seeded): string =>
  random.pick([
    'order',
    'basket',
    'invoice',
    'parser',
    'render',
    'socket',
    'window',
    'index',
    'queue',
    'worker',
  ]);
const file = (path: string, ...lines: readonly string[]): Case => ({ path, text: `${lines.join('\n')}\n` });
const example = ['AK', 'IAIOSFODNN7EXAMPLE'].join('');

/** What real files are full of, and what looks like a secret without being one. */
const makers: readonly Make[] = [
  (r) =>
    file(
      'app/package-lock.json',
      '{',
      ` "node_modules/${word(r)}": {`,
      `  "version": "1.2.3",`,
      `  "integrity": "sha512-${r.text(base64, 86)}=="`,
      ' }',
      '}',
    ),
  (r) =>
    file(
      'app/yarn.lock',
      `${word(r)}@^1.0.0:`,
      '  version "1.0.4"',
      `  resolved "https://npm.corp.test/${word(r)}/-/${word(r)}-1.0.4.tgz#${r.text(hex, 40)}"`,
      `  integrity sha512-${r.text(base64, 86)}==`,
    ),
  (r) =>
    file(
      'app/go.sum',
      `github.com/acme/${word(r)} v1.2.3 h1:${r.text(base64, 43)}=`,
      `github.com/acme/${word(r)} v1.2.3/go.mod h1:${r.text(base64, 43)}=`,
    ),
  (r) =>
    file(
      'app/Cargo.lock',
      '[[package]]',
      `name = "${word(r)}"`,
      'version = "0.3.1"',
      `checksum = "${r.text(hex, 64)}"`,
    ),
  (r) =>
    file(
      'app/poetry.lock',
      '[[package]]',
      `name = "${word(r)}"`,
      `    {file = "${word(r)}-1.0.whl", hash = "sha256:${r.text(hex, 64)}"},`,
    ),
  (r) =>
    file('app/SHA256SUMS', `${r.text(hex, 64)}  ${word(r)}.tar.gz`, `${r.text(hex, 64)}  ${word(r)}.zip`),
  (r) => file('app/REVISION', r.text(hex, 40)),
  (r) => file('app/ids.json', `{"id":"${r.uuid()}","requestId":"${r.uuid()}","tokenId":"${r.uuid()}"}`),
  (r) =>
    file(
      'app/static/main.min.js',
      `!function(e,t){var n="${r.text(base64, 60)}";e.token=t.getToken(n),e.password=t.p.password,e.secret=function(){return n}}(this,{k:"${r.text(hex, 32)}"});`,
    ),
  (r) =>
    file(
      'app/static/app.js.map',
      `{"version":3,"sources":["${word(r)}.ts"],"mappings":"${r.text(`${alnum};,`, 400)}"}`,
    ),
  (r) =>
    file('app/logo.css', `.a{background:url(data:image/png;base64,iVBORw0KGgo${r.text(base64, 600)}==)}`),
  (r) =>
    file('app/font.css', `@font-face{src:url(data:font/woff2;base64,d09GMgABAAAA${r.text(base64, 700)})}`),
  (r) =>
    file(
      'etc/ssl/own/ca.pem',
      '-----BEGIN CERTIFICATE-----',
      ...Array.from({ length: 15 }, () => `MII${r.text(base64, 61)}`),
      '-----END CERTIFICATE-----',
    ),
  () =>
    file(
      'app/public.pem',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
    ),
  (r) =>
    file(
      'root/.ssh/authorized_keys',
      `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${r.text(base64, 43)} me@host`,
      `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ${r.text(base64, 330)} you@host`,
    ),
  (r) =>
    file(
      'app/login.py',
      'def login(user, password):',
      '    token = request.headers.get("Authorization")',
      `    secret = settings.${word(r)}_secret`,
      '    password = getpass.getpass("Password: ")',
      '    return check(user, password, token, secret)',
    ),
  (r) =>
    file(
      'app/Login.java',
      'public class Login {',
      '  private String password;',
      '  private final String apiKey = System.getenv("API_KEY");',
      `  void set(String p) { this.password = p; this.token = ${word(r)}Token(); }`,
      '}',
    ),
  (r) =>
    file(
      'app/login.ts',
      `const password = process.env.${word(r).toUpperCase()}_PASSWORD ?? '';`,
      'const accessToken: string = await provider.fetchAccessToken();',
      "const apiKey = config.get('services.api_key');",
      `export const tokenUrl = 'https://id.corp.test/oauth2/v1/${word(r)}';`,
    ),
  (r) =>
    file(
      'app/values.yaml',
      'existingSecret: app-credentials',
      `passwordSecretKeyRef: ${word(r)}-password-key`,
      'password: "{{ .Values.db.password }}"',
      'token: ${TOKEN}',
      'apiKey: <your-api-key-goes-here>',
      'secretName: tls-certificate-production-2024',
    ),
  (r) =>
    file(
      'app/docker-compose.yml',
      'environment:',
      '  - DB_PASSWORD=${DB_PASSWORD:?missing}',
      '  - API_KEY_FILE=/run/secrets/api_key_2',
      `  - TOKEN_TTL=86400${r.text(digits, 2)}`,
      '  - SECRET_BACKEND=vault://kv/data/app1',
    ),
  (r) =>
    file(
      'app/.env.example',
      'DB_PASSWORD=changeme123',
      'API_KEY=your-api-key-here-123456',
      `SECRET_KEY=replace-me-with-32-${word(r)}`,
      'JWT_SECRET=xxxxxxxxxxxxxxxxxxxxxxxx1',
      `AWS_ACCESS_KEY_ID=${example}`,
      ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYEXAMPLEKEY'].join(''),
    ),
  (r) =>
    file(
      'app/readme.md',
      '# Setup',
      '',
      'Set `password: "S3cure!Pass99"` in your configuration.',
      `See https://user:pass1word@example.com/${word(r)} for more.`,
    ),
  (r) =>
    file(
      'app/translate.po',
      'msgid "Enter your password:"',
      'msgstr "Passwort: %s, Token: %s"',
      `msgid "secret_${word(r)}_2024_long_message"`,
    ),
  (r) =>
    file(
      'app/messages.properties',
      'password.label=Enter password 2 times',
      `token.expired=The token ${word(r)} has expired`,
      'secret.hint=Minimum8Characters',
    ),
  (r) =>
    file(
      'app/tokenizer.json',
      '{"tokenizer_class":"GPT2TokenizerFast2","token_type_ids":1234567890123456,',
      `"unk_token":"<|endoftext|>","vocab":{"${r.text(lower, 8)}":1}}`,
    ),
  (r) =>
    file(
      'app/schema.graphql',
      'input Login { password: String!, token: String }',
      `type ${word(r)} { apiKey: ID!, secret: String }`,
    ),
  (r) =>
    file(
      'app/openapi.yaml',
      'securitySchemes:',
      '  token: { type: apiKey, name: X-API-Key-2, in: header }',
      '  password: { tokenUrl: https://id.corp.test/oauth2/v1/token }',
      `  x: ${word(r)}`,
    ),
  (r) =>
    file(
      'app/hashes.sql',
      `INSERT INTO files VALUES (1,'${r.text(hex, 64)}','${r.text(hex, 40)}');`,
      `INSERT INTO t VALUES ('${r.uuid()}');`,
    ),
  (r) => file('app/blob.txt', ...Array.from({ length: 20 }, () => r.text(base64, 76))),
  (r) => file('app/blob-hex.txt', ...Array.from({ length: 20 }, () => r.text(hex, 64))),
  (r) =>
    file(
      'app/access.log',
      `10.0.0.1 - - "GET /reset?token=<redacted> HTTP/1.1" 200 ${r.text(digits, 4)}`,
      `trace=${r.text(hex, 32)} span=${r.text(hex, 16)}`,
    ),
  (r) =>
    file(
      'app/Makefile',
      `TOKEN ?= $(shell cat token-${word(r)}1.txt)`,
      'push:',
      '\tcurl -H "Authorization: Bearer $(TOKEN)" -u "$$USER:$$PASSWORD" https://$$USER:$$PASSWORD@host',
    ),
  (r) =>
    file(
      'app/main.tf',
      'variable "db_password" { sensitive = true }',
      'password = var.db_password',
      `secret_arn = "arn:aws:secretsmanager:eu-west-1:${r.text(digits, 12)}:secret:${word(r)}-Ab12Cd"`,
      'token = data.vault_generic_secret.x.data["token"]',
    ),
  (r) =>
    file(
      'app/fake.txt',
      ['gh', 'p_', r.text(alnum, 36)].join(''),
      ['np', 'm_', r.text(alnum, 36)].join(''),
      ['gh', 'p_', 'x'.repeat(36)].join(''),
      ['gl', 'pat-', 'x'.repeat(20)].join(''),
    ),
  () =>
    file(
      'app/jwt.txt',
      [
        'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
        'eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ',
        'SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
      ].join('.'),
    ),
  (r) =>
    file(
      'app/publishable.js',
      `stripe('pk_live_${r.text(alnum, 24)}'); sentry('https://${r.text(hex, 32)}@o1.ingest.sentry.io/2');`,
    ),
  (r) =>
    file(
      'app/key-doc.txt',
      '-----BEGIN RSA PRIVATE KEY-----',
      '...',
      '-----END RSA PRIVATE KEY-----',
      `see ${word(r)}`,
      '-----BEGIN PRIVATE KEY-----',
    ),
  (r) =>
    file(
      'app/key_parser.c',
      `if (strncmp(p, "-----BEGIN ${word(r).toUpperCase()} PRIVATE KEY-----", 31) == 0)`,
      '  password = NULL; token = next_token(&lexer2); secret[0] = 0;',
    ),
  (r) =>
    file(
      'app/cloud.yaml',
      `region: eu-central-1`,
      `account_id: "${r.text(digits, 12)}"`,
      `image: registry.corp.test/${word(r)}@sha256:${r.text(hex, 64)}`,
      `bucket: ${r.text(lower, 12)}-${r.text(digits, 6)}`,
    ),
  (r) =>
    file(
      'etc/shadow',
      'root:*:19000:0:99999:7:::',
      'daemon:!:19000:0:99999:7:::',
      `${word(r)}:!!:19000::::::`,
    ),
  (r) =>
    file(
      'root/.docker/config.json',
      JSON.stringify({ auths: { [`${word(r)}.corp.test`]: {} }, credsStore: 'ecr-login', auth: '' }),
    ),
  (r) =>
    file(
      'app/.npmrc',
      'registry=https://npm.corp.test/',
      '//npm.corp.test/:_authToken=${NPM_TOKEN}',
      `cache=/tmp/${word(r)}`,
    ),
  (r) =>
    file(
      'app/names.csv',
      'token,password,secret',
      `${word(r)},${word(r)},${word(r)}`,
      `${r.text(upper, 20)},${r.text(lower, 20)},${r.text(digits, 20)}`,
    ),
  (r) =>
    file(
      'app/csp.conf',
      `add_header Content-Security-Policy "script-src 'sha256-${r.text(base64, 43)}=' 'nonce-${r.text(base64url, 22)}'";`,
    ),
  (r) =>
    file(
      'app/kustomization.yaml',
      'secretGenerator:',
      `- name: ${word(r)}-secret-8h4k2m9f7g`,
      '  envs: [secrets.env]',
      `commonAnnotations: { checksum/secret: ${r.text(hex, 64)} }`,
    ),
  (r) =>
    file(
      'app/test.http',
      'GET https://api.corp.test/v1/items?page_token=next',
      'Authorization: Bearer {{token}}',
      `X-Request-Id: ${r.uuid()}`,
    ),
  (r) =>
    file(
      'app/snapshot.txt',
      `etag: W/"${r.text(hex, 32)}"`,
      `build: ${r.text(upper, 3)}-${r.text(digits, 8)}`,
      `cache-key-${r.text(hex, 32)}`,
    ),
  (r) =>
    file(
      'app/vite.js',
      `const __vite__mapDeps=["assets/${word(r)}-${r.text(base64url, 8)}.js"];`,
      `export{a as token,b as secret,c as password};`,
      `import("./${word(r)}-${r.text(alnum, 8)}.js");`,
    ),
];

/** Files in which no secret is, seven of each kind. */
export function nonSecrets(): Case[] {
  const random = new Seeded('no secrets');
  return [1, 2, 3, 4, 5, 6, 7].flatMap(() => makers.map((make) => make(random)));
}

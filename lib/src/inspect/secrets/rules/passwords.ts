import type { FoundValue, SecretPlace, SecretRule } from '../rule.ts';
import type { SecretSeverity } from '../secret-facts.ts';
import { classesOf, entropyOf, isPlaceholder, isReference } from '../value-checks.ts';

/** What people write for people. */
const prose = /\.(?:md|markdown|mdx|rst|adoc|html?|pod|tex|1|3|5|7|8|po|pot|map|svg|css|snap|lock|sum)$/i;
/** Programs, in which a value without quotes is the name of something. */
const code =
  /\.(?:[cm]?[jt]sx?|py|pyi|rb|php|pl|pm|go|java|kt|scala|groovy|cs|fs|vb|c|h|cc|cpp|hpp|rs|swift|lua|ex|exs|erl|clj|hs|ml|r|sh|bash|zsh|ps1|tcl|el|vim|awk|sql|vue|svelte|tf|hcl|nix|j2|tmpl|tpl|erb)$/i;
const dotEnv = /(?:^|\/)(?:\.env(?:\.[\w-]+)?|[\w-]+\.env)$/;

/** Names that speak about a secret and hold none. */
const otherNames =
  /(?:file|path|dir|url|uri|endpoint|host|name|user|id|ids|type|expir(?:y|es|ation|esin)|ttl|age|length|len|size|min|max|minimum|maximum|header|policy|hash|digest|checksum|fingerprint|field|label|hint|prompt|placeholder|title|message|msg|text|description|desc|error|count|limit|regex|pattern|format|env|var|variable|ref|arn|version|algorithm|alg|scheme|method|mode|class|param|parameter|prefix|suffix|input|enabled|required|confirm|confirmation|rotation|provider|manager|store|issuer|audience|scope|scopes|usage|cost|budget)s?$/i;

const words = /^[A-Za-z]+(?:[-_. /:][A-Za-z]+)*$/;
const identifier =
  /^[A-Za-z_$][\w$]*(?:(?:\.|->|::)[A-Za-z_$][\w$]*)+$|^[a-z]+(?:[A-Z][a-z]+)+\d?$|^[a-z]+(?:_[a-z]+)+\d?$|^[A-Z]+(?:_[A-Z0-9]+)+$/;
const otherValues =
  /^(?:https?:|[a-z][a-z0-9+.-]*:\/\/|\.{0,2}\/|~\/|[A-Za-z]:\\|sha(?:1|256|384|512)[-:]|md5[-:]|urn:|data:|\d{4}-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|[\d.,_-]+$|\{[A-Z0-9-]+\})/i;

/** Passwords that everybody tries first, which say that somebody wrote anything. */
const trivial =
  /^(?:pass(?:word|wd|w0rd)?|pwd|secret|user(?:name)?|root|admin|test(?:ing)?|guest|postgres|mysql|redis|rabbitmq|mongo|docker|default|token|key|none|null|true|false|empty|qwerty|letmein|hunter2)[0-9!]{0,4}$/i;

function isNoSecret(value: string): boolean {
  return isPlaceholder(value) || isReference(value) || trivial.test(value);
}

/** Passwords are shorter than keys and tokens, which have digits in them. */
function isVaried(value: string, isPassword: boolean): boolean {
  const hasDigit = /[0-9]/.test(value);
  if (!isPassword) return value.length >= 16 && hasDigit && classesOf(value) >= 2;
  return classesOf(value) >= (hasDigit ? 2 : 3);
}

/** A value in place of a password, in a file that is made to be read by programs. */
function judgeAssigned(
  { secret: value, groups }: FoundValue,
  { path, isPublic }: SecretPlace,
): SecretSeverity | undefined {
  const { before = '', keyword = '', after = '', quote = '' } = groups;
  // What costs least and tells most comes first: programs have many such lines.
  if (!isVaried(value, /^(?:pass|pwd)/i.test(keyword))) return undefined;
  if (isPublic || prose.test(path) || path.includes('.min.')) return undefined;
  if (quote === '' && code.test(path)) return undefined;
  if (
    /^[a-z]/.test(after) ||
    otherNames.test(after) ||
    /(?:public|csrf|next|page|cancel|design)[_.-]?$/i.test(before)
  )
    return undefined;
  if (isNoSecret(value) || otherValues.test(value) || words.test(value) || identifier.test(value))
    return undefined;
  if (/[({[\]})]/.test(value) && (quote === '' || /\(.*\)|\{.*\}/.test(value))) return undefined;
  if (entropyOf(value) < (/^(?:pass|pwd)/i.test(keyword) ? 2.5 : 3)) return undefined;
  return dotEnv.test(path) ? 'low' : 'possible';
}

function judgeAddress(
  { secret, groups }: FoundValue,
  { path, isPublic }: SecretPlace,
): SecretSeverity | undefined {
  const { user = '', host = '' } = groups;
  if (isPublic || prose.test(path) || isNoSecret(secret) || /[{}$%]\w*[{(]|^%[sdv]$|^\w*[<{([]/.test(secret))
    return undefined;
  if (
    secret === user ||
    /[<>{}$]/.test(host) ||
    /(?:^|\.)example(?:\.|$)|\.(?:invalid|test)$|^(?:host|hostname|server|domain|proxy)(?:$|\.)/i.test(host)
  )
    return undefined;
  return code.test(path) ? 'possible' : 'medium';
}

/** Characters of the longest user in an address, as the pattern has it. */
const longestUser = 80;

/** Most addresses have neither user nor port: what ends the name of a server ends it before a colon. */
function hasColonBehind(bytes: Uint8Array, anchor: number): boolean {
  const first = anchor + '://'.length;
  for (let at = first; at <= first + longestUser; at += 1) {
    const byte = bytes[at];
    if (byte === 0x3a) return true;
    // Blank, newline, quotes, slash, less and greater, at.
    if (byte === 0x20 || byte === 0x0a || byte === 0x22 || byte === 0x27 || byte === 0x2f) return false;
    if (byte === 0x3c || byte === 0x3e || byte === 0x40 || byte === undefined) return false;
  }
  return false;
}

/** Passwords, and values that stand where passwords stand. What is more peculiar comes before them. */
export const passwordRules: readonly SecretRule[] = [
  {
    id: 'password-in-address',
    title: 'password in the address of a server',
    severity: 'medium',
    anchors: ['://'],
    pattern:
      /(?<=(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}):\/\/(?<user>[^\s:@/"'`<>\\|]{0,80}):(?<secret>[^\s@/"'`<>\\|]{4,120})@(?<host>[A-Za-z0-9_.[\]${}<-]{1,200})/y,
    mayBegin: hasColonBehind,
    chosen: true,
    judge: judgeAddress,
  },
  {
    id: 'netrc-password',
    title: 'password of a .netrc',
    severity: 'high',
    anchors: ['password'],
    paths: /(?:^|\/)[._]netrc$/,
    pattern: /password\s{1,8}(?<secret>\S{1,200})/y,
    chosen: true,
  },
  {
    id: 'pgpass-password',
    title: 'password of a .pgpass',
    severity: 'high',
    anchors: [':5432:', ':5433:', ':6432:', ':*:'],
    paths: /(?:^|\/)\.?pgpass(?:\.conf)?$/,
    pattern: /:(?:\d{4}|\*):(?:[^:\n\\]{1,100}):(?:[^:\n\\]{1,100}):(?<secret>[^:\s]{1,200})/y,
    chosen: true,
  },
  {
    id: 'system-password-hash',
    title: 'hash of the password of a user of the system',
    severity: 'high',
    anchors: [':$y$', ':$gy$', ':$7$', ':$6$', ':$5$', ':$1$', ':$2a$', ':$2b$', ':$2y$'],
    paths: /(?:^|\/)(?:g?shadow-?|master\.passwd)$/,
    pattern: /:(?<secret>\$[0-9a-z]{1,3}\$[^:\s]{20,200})/y,
    chosen: true,
    judge: () => 'high',
  },
  {
    id: 'web-password-hash',
    title: 'hash of a password of a web server',
    severity: 'medium',
    anchors: [':$apr1$', ':$2a$', ':$2b$', ':$2y$', ':$5$', ':$6$', ':{SHA}'],
    paths: /(?:^|\/|\.)htpasswd[^/]*$/,
    pattern: /:(?<secret>(?:\$[0-9a-z]{1,4}\$|\{SHA\})[^:\s]{20,200})/y,
    chosen: true,
    judge: (_found, { isPublic }) => (isPublic ? undefined : 'medium'),
  },
  {
    id: 'password-in-xml',
    title: 'value in place of a password',
    severity: 'possible',
    anchors: ['password>', 'passphrase>', 'apikey>', 'secretkey>'],
    anyCase: true,
    pattern: /(?<keyword>password|passphrase|apikey|secretkey)>(?<secret>[^\s<>]{8,200})<\//iy,
    chosen: true,
    judge: (found, place) => judgeAssigned({ ...found, groups: { ...found.groups, quote: '"' } }, place),
  },
  {
    id: 'assigned-secret',
    title: 'value in place of a password, key or token',
    severity: 'possible',
    anchors: [
      'password',
      'passwd',
      'passphrase',
      'pwd=',
      'pwd"',
      'pwd:',
      'pwd ',
      "pwd'",
      'secret',
      'token',
      'api_key',
      'apikey',
      'api-key',
      'access_key',
      'accesskey',
      'access-key',
      'auth_key',
      'authkey',
      'encryption_key',
      'signing_key',
      'credential',
    ],
    anyCase: true,
    pattern:
      /(?<=(?<![\w./-])(?<before>[\w.-]{0,60}))(?<keyword>password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|auth_?key|encryption_key|signing_key|credentials?)(?<after>[\w.-]{0,40})(?:\\?["'`])?\]?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}(?:\\?(?<quote>["'`]))?(?<secret>[^\s"'`<>;,\\]{8,200})/iy,
    chosen: true,
    judge: judgeAssigned,
  },
];

/**
 * What an image holds besides code: `data` that belongs into a volume or a database; `configuration` of one place, which has to be given
 * to the container; `cache` what tools leave behind; `history` of how it came to be.
 */
export const bakedKinds = ['data', 'configuration', 'cache', 'history'] as const;

export type BakedKind = (typeof bakedKinds)[number];

/** One sort of file that does not belong into an image. */
export interface BakedRule {
  readonly id: string;
  readonly kind: BakedKind;
  readonly what: string;
  readonly remedy: string;
  /** of the path, without a slash in front; absent: told from what the file contains alone */
  readonly path?: RegExp;
  /** true: what `path` matches is a folder, told once with all that lies in it */
  readonly folder?: boolean;
  /** bytes that a file must have at least; 1 where nothing is said */
  readonly least?: number;
}

const MiB = 1024 ** 2;
const volume = 'keep it in a volume or a database, and leave it out of the build (.dockerignore)';
const given = 'give it to the container when it starts, and leave it out of the build (.dockerignore)';
const sameStep = 'remove it in the step that makes it, or mount it as a cache while building';
const ignored = 'leave it out of the build (.dockerignore)';

/** All sorts. To tell of another, add its row. Of two that fit a file, the first counts. */
export const bakedRules: readonly BakedRule[] = [
  {
    id: 'git-repository',
    kind: 'history',
    what: 'repository of Git',
    remedy: ignored,
    path: /(?:^|\/)\.git\/(?=objects\/|packed-refs|refs\/)/,
    folder: true,
  },
  {
    id: 'version-control',
    kind: 'history',
    what: 'folder of version control',
    remedy: ignored,
    path: /(?:^|\/)(?:\.svn|\.hg|\.bzr|CVS)\//,
    folder: true,
  },
  {
    id: 'editor-folder',
    kind: 'history',
    what: 'folder of an editor',
    remedy: ignored,
    path: /(?:^|\/)(?:\.idea|\.vscode|\.vs|\.fleet)\//,
    folder: true,
  },
  {
    id: 'shell-history',
    kind: 'history',
    what: 'commands that somebody typed',
    remedy: ignored,
    path: /(?:^|\/)\.(?:bash|zsh|sh|ash|python|node_repl|mysql|psql|sqlite|rediscli|irb|lesshst)_?(?:history)?$/,
  },
  {
    id: 'log',
    kind: 'history',
    what: 'log',
    remedy: sameStep,
    path: /^var\/log\/.|(?:^|\/)logs?\/[^/]+\.log(?:\.\d+)?(?:\.gz)?$/,
  },
  {
    id: 'apt-lists',
    kind: 'cache',
    what: 'package lists of apt',
    remedy: sameStep,
    path: /^var\/lib\/apt\/lists\//,
    folder: true,
  },
  {
    id: 'apt-archives',
    kind: 'cache',
    what: 'packages that apt fetched',
    remedy: sameStep,
    path: /^var\/cache\/apt\/(?=.)/,
    folder: true,
  },
  {
    id: 'apk-cache',
    kind: 'cache',
    what: 'cache of apk',
    remedy: sameStep,
    path: /^(?:var\/cache|etc)\/apk\/(?:cache\/)?(?=APKINDEX|[^/]+\.apk$)/,
    folder: true,
  },
  {
    id: 'rpm-cache',
    kind: 'cache',
    what: 'cache of dnf, yum or zypper',
    remedy: sameStep,
    path: /^var\/cache\/(?:dnf|yum|libdnf5|zypp)\//,
    folder: true,
  },
  {
    id: 'tool-cache',
    kind: 'cache',
    what: 'cache of a package manager',
    remedy: sameStep,
    path: /(?:^|\/)(?:\.cache\/(?:pip|pypoetry|uv|yarn|go-build|composer|bazel)|\.npm\/_cacache|\.yarn\/(?:berry\/)?cache|\.m2\/repository|\.gradle\/caches|\.cargo\/registry\/(?:cache|index)|\.nuget\/packages|\.composer\/cache|go\/pkg\/mod\/cache)\//,
    folder: true,
  },
  { id: 'core-dump', kind: 'data', what: 'memory of a program that broke down', remedy: ignored },
  {
    id: 'mysql-data',
    kind: 'data',
    what: 'data folder of MySQL or MariaDB',
    remedy: volume,
    path: /(?:^|.*\/)(?=(?:ibdata1|ib_logfile0|aria_log_control|mysql\.ibd)$)/,
    folder: true,
  },
  {
    id: 'postgresql-data',
    kind: 'data',
    what: 'data folder of PostgreSQL',
    remedy: volume,
    path: /(?:^|.*\/)(?=(?:PG_VERSION|global\/pg_control)$)/,
    folder: true,
  },
  {
    id: 'mongodb-data',
    kind: 'data',
    what: 'data folder of MongoDB',
    remedy: volume,
    path: /(?:^|.*\/)(?=(?:WiredTiger|WiredTiger\.wt|mongod\.lock)$)/,
    folder: true,
  },
  {
    id: 'redis-data',
    kind: 'data',
    what: 'data of Redis',
    remedy: volume,
    path: /(?:^|\/)(?:dump\.rdb|appendonly\.aof)$/,
  },
  { id: 'sqlite-database', kind: 'data', what: 'database of SQLite', remedy: volume },
  {
    id: 'database-file',
    kind: 'data',
    what: 'database file',
    remedy: volume,
    path: /\.(?:mdb|accdb|mdf|ndf|ldf|ibd|frm|MYD|MYI|h2\.db|mv\.db|fdb|gdb)$/,
  },
  {
    id: 'database-dump',
    kind: 'data',
    what: 'dump of a database',
    remedy: volume,
    path: /(?:^|[/._-])(?:dump|backup|export)[^/]*\.(?:sql|sql\.gz|sql\.xz|sql\.zst|pgdump|bson)$|\.(?:dump|pgdump|bson)$/i,
  },
  {
    id: 'large-script',
    kind: 'data',
    what: 'many statements of SQL',
    remedy: volume,
    path: /\.sql(?:\.gz|\.xz|\.zst|\.bz2)?$/i,
    least: MiB,
  },
  {
    id: 'table-data',
    kind: 'data',
    what: 'data in tables',
    remedy: volume,
    path: /\.(?:csv|tsv|ndjson|jsonl)(?:\.gz|\.xz|\.zst|\.bz2)?$/i,
    least: MiB,
  },
  {
    id: 'column-data',
    kind: 'data',
    what: 'data in columns',
    remedy: volume,
    path: /\.(?:parquet|orc|avro|feather|arrow|hdf5|h5|sas7bdat|xlsx|xlsb)$/i,
    least: 64 * 1024,
  },
  { id: 'backup', kind: 'data', what: 'backup', remedy: ignored, path: /\.(?:bak|backup|bkp)$/i },
  {
    id: 'terraform-state',
    kind: 'configuration',
    what: 'state of Terraform',
    remedy: ignored,
    path: /\.tfstate(?:\.backup)?$|(?:^|\/)[^/]+\.tfvars(?:\.json)?$/,
  },
  {
    id: 'kubeconfig',
    kind: 'configuration',
    what: 'access to a cluster of Kubernetes',
    remedy: given,
    path: /(?:^|\/)\.kube\/config$|(?:^|\/)kubeconfig(?:\.ya?ml)?$/,
  },
  {
    id: 'cloud-credentials',
    kind: 'configuration',
    what: 'access to a cloud',
    remedy: given,
    path: /(?:^|\/)(?:\.aws\/(?:credentials|config)|\.azure\/[^/]+\.json|\.config\/gcloud\/[^/]+|\.docker\/config\.json)$/,
  },
  {
    id: 'environment-file',
    kind: 'configuration',
    what: 'variables of one environment',
    remedy: given,
    path: /(?:^|\/)\.env(?:\.(?!example|sample|template|dist|defaults?|test)[\w-]+)*$/,
  },
  {
    id: 'environment-configuration',
    kind: 'configuration',
    what: 'configuration of one environment',
    remedy: given,
    path: /(?:^|\/)(?:application|bootstrap|config|configuration|settings|appsettings|values|env|environment|database|secrets|web)[-_.](?:prod|production|preprod|staging|stage|stg|uat|qa|live)\.(?:ya?ml|json|toml|properties|ini|conf|cfg|xml|env)$/i,
  },
  {
    id: 'compose-file',
    kind: 'configuration',
    what: 'how containers are started in one place',
    remedy: ignored,
    path: /(?:^|\/)(?:docker-)?compose\.(?:override|prod|production|staging|local|dev)\.ya?ml$/,
  },
  {
    id: 'machine-identity',
    kind: 'configuration',
    what: 'identity of one machine',
    remedy: 'empty it: each container gets its own',
    path: /^(?:etc\/machine-id|var\/lib\/dbus\/machine-id)$/,
    least: 32,
  },
  {
    id: 'ssh-host-key',
    kind: 'configuration',
    what: 'key by which one machine is known',
    remedy: 'make it when the container starts',
    path: /^etc\/ssh\/ssh_host_[a-z0-9]+_key$/,
  },
  { id: 'inner-address', kind: 'configuration', what: 'address of a machine of one network', remedy: given },
];

import { expect, test } from 'vitest';
import { debianSystem, layer, madeByDebian } from '../contamination/contamination.fixtures.ts';
import { composeLayers } from './baked.fixtures.ts';

const sqlite = 'SQLite format 3\0and its pages';
const core = Buffer.concat([
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
  Buffer.alloc(8),
  Buffer.from([4, 0, 62, 0]),
  Buffer.alloc(100),
]);

test.each([
  ['sqlite-database', 'srv/app/shop.db', sqlite],
  ['core-dump', 'srv/core.123', core],
  ['mysql-data', 'var/lib/mysql/ibdata1', 'x'],
  ['postgresql-data', 'var/lib/postgresql/data/PG_VERSION', '16'],
  ['database-dump', 'srv/backup-2024.sql', 'x'],
  ['table-data', 'srv/customers.csv', 'a,b,c\n'.repeat(200_000)],
  ['backup', 'srv/app.yaml.bak', 'x'],
  ['terraform-state', 'srv/terraform.tfstate', '{}'],
  ['kubeconfig', 'root/.kube/config', 'x'],
  ['environment-file', 'srv/.env.production', 'A=b'],
  ['environment-configuration', 'srv/application-prod.yml', 'a: b'],
  ['compose-file', 'srv/docker-compose.override.yml', 'a: b'],
  ['machine-identity', 'etc/machine-id', '0123456789abcdef0123456789abcdef\n'],
  ['ssh-host-key', 'etc/ssh/ssh_host_ed25519_key', 'x'],
  ['inner-address', 'srv/app.yaml', 'db: 10.1.2.3\n'],
  ['git-repository', 'srv/.git/objects/ab/cd', 'x'],
  ['shell-history', 'root/.bash_history', 'ls'],
  ['log', 'var/log/app.log', 'x'],
  ['apt-lists', 'var/lib/apt/lists/deb_Packages', 'x'],
  ['tool-cache', 'root/.npm/_cacache/index', 'x'],
])('%s is told of', async (id, name, body) => {
  const { baked } = await composeLayers(layer({ name, body }));
  expect(baked!.places.map((place) => place.id)).toEqual([id]);
  expect(baked!.complete).toBe(true);
});

test.each([
  ['srv/.env.example', 'A=b'],
  ['srv/app.yaml', '# db: 10.1.2.3\nnet: 10.0.0.0/8\nversion: 1.10.0.0.1\n'],
  ['srv/node_modules/a/test.sqlite', sqlite],
  ['var/lib/rpm/rpmdb.sqlite.old', sqlite],
  ['srv/small.csv', 'a,b'],
  ['etc/machine-id', ''],
  ['etc/resolv.conf', 'nameserver 10.0.0.1\n'],
  ['srv/app/config.yml', 'a: b'],
  ['var/log/app.log', ''],
])('%s is nothing to be told of', async (name, body) => {
  expect((await composeLayers(layer({ name, body }))).baked!.places).toEqual([]);
});

test('a folder is told of once, with what lies in it', async () => {
  const { baked } = await composeLayers(
    layer({ name: 'srv/.git/objects/a', body: '12' }, { name: 'srv/.git/refs/b', body: '345' }),
    layer({ name: 'srv/.git/objects/c', body: '6' }),
  );
  expect(baked!.places).toMatchObject([{ path: 'srv/.git/', files: 3, bytes: 6, layer: 0 }]);
});

test('what a package brought, or a later layer took away, is not told of', async () => {
  const system = madeByDebian(debianSystem({ db: { version: '1', files: { 'usr/lib/db/own.db': sqlite } } }));
  const { baked } = await composeLayers(
    layer(...system, { name: 'srv/a.db', body: sqlite }),
    layer({ name: 'srv/.wh.a.db' }),
  );
  expect(baked!.places).toEqual([]);
});

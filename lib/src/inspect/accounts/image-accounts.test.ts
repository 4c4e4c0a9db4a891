import { describe, expect, test } from 'vitest';
import { debianSystem, dpkgRecords, layer, madeByDebian } from '../contamination/contamination.fixtures.ts';
import { imageOf, type FixtureEntry } from '../layer-fixture.ts';

const hash =
  '$6$saltsalt$VxJ1TyN3s8mzyhWQ0PZrPSXyUu7TTUAm0wT5OhSeMJUBDUwXPNnFbxhI/uCmHNW5jHtlWLQKKxQxnhRcs2eLf1';
const passwd = 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n';
const shadow = 'root:*:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ8 ann@example\n';

const files = (of: Readonly<Record<string, string>>): FixtureEntry[] =>
  Object.entries(of).map(([name, body]) => ({ name, body }));

/** What is told of who can log in: `kind account path #layer`. */
async function told(...layers: ReadonlyArray<readonly FixtureEntry[]>): Promise<string[]> {
  const { accounts } = await imageOf(...layers.map((entries) => layer(...entries)));
  expect(accounts!.reason).toBeUndefined();
  expect(accounts!.complete).toBe(true);
  return accounts!.found.map(({ kind, account, path, layer: at }) => `${kind} ${account} ${path} #${at}`);
}

const base = files({ 'etc/passwd': passwd, 'etc/shadow': shadow });

describe('who can log in', () => {
  test('is nobody where all accounts are locked, or there are none', async () => {
    expect(await told(base)).toEqual([]);
    expect(await told(files({ 'srv/app': 'x' }))).toEqual([]);
    for (const field of ['!', '!!', '*', '!*', 'x', '*LK*', 'locked', '!locked', 'NP'])
      expect(await told(files({ 'etc/shadow': `root:${field}:1:0:99999:7:::\n` }))).toEqual([]);
  });

  test.each([
    [hash, 'SHA-512'],
    [`!${hash}`, 'SHA-512, locked'],
    ['$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o', 'yescrypt'],
    ['$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW', 'bcrypt'],
    ['$1$abcdefgh$xxxxxxxxxxxxxxxxxxxxxx', 'MD5'],
    ['$new$salt$rest', 'a method that is not known'],
    ['ab1cd2ef3gh4i', 'DES'],
  ])('is who has a password, such as %s', async (field, detail) => {
    const image = await imageOf(layer(...files({ 'etc/shadow': `ann:${field}:1:0:99999:7:::\n` })));
    expect(image.accounts!.found).toEqual([
      { kind: 'password', account: 'ann', detail, path: 'etc/shadow', layer: 0 },
    ]);
    expect(JSON.stringify(image.accounts)).not.toContain(field);
  });

  test('is who needs no password, by either file', async () => {
    expect(await told(files({ 'etc/passwd': passwd, 'etc/shadow': 'root::1:0:::::\n' }))).toEqual([
      'passwordless root etc/shadow #0',
    ]);
    expect(await told(files({ 'etc/passwd': 'ann::1000:1000::/home/ann:/bin/sh\n' }))).toEqual([
      'passwordless ann etc/passwd #0',
    ]);
    expect(await told(files({ 'etc/passwd': '::1000:1000:::\n' }))).toEqual(['passwordless  etc/passwd #0']);
  });

  test.each(['0', '00', '-0', '+0', ' 0', '4294967296', '', '0'.repeat(41), `1${'0'.repeat(50)}`])(
    'is who has the rights of root by the user id %o',
    async (id) => {
      const more = `${passwd}toor:x:${id}:1000::/:/bin/sh\n`;
      expect(await told(files({ 'etc/passwd': more }))).toEqual(['administrator toor etc/passwd #0']);
    },
  );

  test.each(['1', '10', '4294967295', 'x', '0x0', '99999999999999999999'])(
    'is nobody by the user id %o',
    async (id) => {
      expect(await told(files({ 'etc/passwd': `${passwd}toor:x:${id}:1000::/:/bin/sh\n` }))).toEqual([]);
    },
  );

  test('is who has a key where SSH looks for it', async () => {
    const homes = `${passwd}git:x:998:998::/srv/git:/bin/sh\n`;
    const keys = {
      'etc/passwd': homes,
      'root/.ssh/authorized_keys': `# from ann\n${key}`,
      'srv/git/.ssh/authorized_keys2': `command="a b",no-pty ${key}${key}`,
      'etc/ssh/authorized_keys/bob': key,
      'srv/app/node_modules/ssh/test/authorized_keys': key,
      'opt/nobody/.ssh/authorized_keys': key,
    };
    expect(await told(files(keys))).toEqual([
      'key bob etc/ssh/authorized_keys/bob #0',
      'key root root/.ssh/authorized_keys #0',
      'key git srv/git/.ssh/authorized_keys2 #0',
    ]);
    expect(await told(files({ 'root/.ssh/authorized_keys': '# none\n' }))).toEqual([]);
  });

  test('is who has a key of whatever type, by the name of which older versions of SSH ask as well', async () => {
    for (const type of ['rsa', 'sk-ssh-ed25519@openssh.com', 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com'])
      expect(await told(files({ 'root/.ssh/authorized_keys': key.replace('ssh-ed25519', type) }))).toEqual([
        'key root root/.ssh/authorized_keys #0',
      ]);
  });

  test('is found out in time that grows with the file alone', async () => {
    const long = `${'ssh-'.repeat(250_000)}\n${key}`;
    expect(await told(files({ 'root/.ssh/authorized_keys': long }))).toEqual([
      'key root root/.ssh/authorized_keys #0',
    ]);
  });

  test('names the layer since which it is so, though later ones wrote the file anew', async () => {
    const user = 'app:!:19000:0:99999:7:::\n';
    expect(
      await told(
        base,
        files({ 'etc/shadow': shadow.replace('root:*', `root:${hash}`) }),
        files({ 'etc/shadow': shadow.replace('root:*', `root:${hash}`) + user }),
        files({ 'srv/app': 'x' }),
      ),
    ).toEqual(['password root etc/shadow #1']);
    const opened = files({ 'etc/shadow': shadow.replace('root:*', 'root:') });
    const again = [...opened, ...files({ 'srv/app': 'x' })];
    expect(await told(opened, base, again)).toEqual(['passwordless root etc/shadow #2']);
    expect(await told(opened, base)).toEqual([]);
  });

  test('is followed through links', async () => {
    const linked = [
      { name: 'etc', flag: '2', link: 'opt/etc' },
      ...files({ 'opt/etc/shadow': 'root::1:0:::::\n', 'opt/keys/authorized_keys': key }),
      { name: 'root/.ssh', flag: '2', link: '/opt/keys' },
    ];
    expect(await told(linked)).toEqual([
      'passwordless root etc/shadow #0',
      'key root root/.ssh/authorized_keys #0',
    ]);
  });
});

describe('what could not be read is not clean', () => {
  const reasonOf = async (...entries: readonly FixtureEntry[]): Promise<string | undefined> => {
    const { accounts } = await imageOf(layer(...entries));
    expect(accounts!.complete).toBe(accounts!.reason === undefined);
    return accounts!.reason;
  };

  test.each([
    ['2', '/opt/users'],
    ['1', 'opt/users'],
  ])('a link (%s) to a file by another name', async (flag, link) => {
    const entries = [
      ...files({ 'opt/users': 'toor:x:0:0::/:/bin/sh\n' }),
      { name: 'etc/passwd', flag, link },
    ];
    expect(await reasonOf(...entries)).toBe('etc/passwd leads to a file that was not read for accounts');
  });

  test('a loop of links', async () => {
    expect(await reasonOf({ name: 'etc/shadow', flag: '2', link: 'shadow' })).toBe(
      'etc/shadow is a loop of links',
    );
  });

  test('a file that is too long, or has too much to be told', async () => {
    expect(await reasonOf(...files({ 'etc/passwd': passwd + '#'.repeat(1024 ** 2) }))).toMatch(
      /^etc\/passwd: it has \d+ bytes, too many to be read$/,
    );
    expect(await reasonOf(...files({ 'etc/shadow': 'a::\n'.repeat(501) }))).toBe(
      'etc/shadow: it has more accounts to be told of than are kept',
    );
  });

  test('more files than are kept of a layer', async () => {
    const many = Array.from({ length: 50 }, (_, at) => ({
      name: `srv/${at}/etc/shadow`,
      body: 'a::\n'.repeat(500),
    }));
    expect(await reasonOf(...many, ...files({ 'etc/shadow': shadow }))).toBe(
      'etc/shadow: its layer has more accounts than are kept',
    );
  });

  test('an empty file has nothing to be read', async () => {
    expect(await reasonOf(...files({ 'etc/passwd': '', 'etc/shadow': '' }))).toBeUndefined();
  });
});

test('that builders change users and groups is no change of configuration', async () => {
  const login = { version: '1', files: { 'etc/shadow': 'root::::::::\n', 'etc/login.defs': 'A b\n' } };
  const system = madeByDebian([
    ...debianSystem({ login }),
    ...dpkgRecords('login', login),
    ...files({ 'etc/passwd': passwd }),
  ]);
  const { contamination, accounts } = await imageOf(
    layer(...system),
    layer(...files({ 'etc/shadow': 'root:!:::::::\n' })),
  );
  expect(contamination!.files.map(({ kind, path }) => `${kind} ${path}`)).toEqual(['accounts etc/shadow']);
  expect(accounts!.counts).toEqual({ passwordless: 0, password: 0, administrator: 0, key: 0 });
});

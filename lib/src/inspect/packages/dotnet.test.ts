import { describe, expect, it } from 'vitest';
import { observed } from './observed.fixtures.ts';

const target = '.NETCoreApp,Version=v8.0/linux-x64';
const library = { type: 'package', serviceable: true, sha512: 'sha512-x' };
const dependencies = {
  runtimeTarget: { name: target, signature: '' },
  compilationOptions: {},
  targets: {
    '.NETCoreApp,Version=v8.0': {},
    [target]: {
      'App/1.0.0': { dependencies: { 'Newtonsoft.Json': '12.0.1' }, runtime: { 'App.dll': {} } },
      'Newtonsoft.Json/12.0.1': { runtime: { 'lib/netstandard2.0/Newtonsoft.Json.dll': {} } },
      'Microsoft.CodeAnalysis.Analyzers/3.3.3': {},
      'System.Net.Http/4.3.0': { dependencies: { 'System.Runtime': '4.3.0' } },
      'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1': { runtime: { 'System.dll': {} } },
      'SQLitePCLRaw.lib.e_sqlite3/2.1.4': { native: { 'runtimes/linux-x64/native/libe_sqlite3.so': {} } },
    },
  },
  libraries: {
    'App/1.0.0': { type: 'project', serviceable: false, sha512: '' },
    'Newtonsoft.Json/12.0.1': library,
    'Microsoft.CodeAnalysis.Analyzers/3.3.3': library,
    'System.Net.Http/4.3.0': library,
    'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1': { ...library, type: 'RuntimePack' },
    'SQLitePCLRaw.lib.e_sqlite3/2.1.4': library,
    'Unlisted/1.0.0': library,
  },
};
const names = (path: string, value: unknown): readonly string[] =>
  observed('dotnet', path, JSON.stringify(value)).packages.map(({ name, version }) => `${name} ${version}`);

describe('<program>.deps.json', () => {
  it('names what takes part when the program runs', () => {
    expect(names('app/App.deps.json', dependencies)).toEqual([
      'Newtonsoft.Json 12.0.1',
      'Microsoft.NETCore.App.Runtime.linux-x64 8.0.1',
      'SQLitePCLRaw.lib.e_sqlite3 2.1.4',
      'Unlisted 1.0.0',
    ]);
    expect(observed('dotnet', 'data/0', JSON.stringify(dependencies)).packages[0]).toEqual({
      type: 'nuget',
      name: 'Newtonsoft.Json',
      version: '12.0.1',
      ecosystem: 'NuGet',
      matchName: 'newtonsoft.json',
    });
  });

  it('names every package where it does not say what runs', () => {
    const { targets: _, ...rest } = dependencies;
    expect(names('app/App.deps.json', rest)).toHaveLength(6);
    expect(names('app/App.deps.json', { ...rest, targets: { [target]: {} } })).toHaveLength(6);
  });

  it.each([
    ['no JSON', '{"runtimeTarget"'],
    ['without libraries', '{"runtimeTarget":{"name":"x"}}'],
    ['with a library without a version', '{"libraries":{"A":{"type":"package"}}}'],
    ['with a library without a type', '{"libraries":{"A/1":{}}}'],
  ])('hides something where it is %s', (_, text) => {
    expect(observed('dotnet', 'app/App.deps.json', text).problems).toHaveLength(1);
  });
});

describe('packages.lock.json', () => {
  const lock = {
    version: 1,
    dependencies: {
      'net8.0': {
        'Newtonsoft.Json': { type: 'Direct', requested: '[12.0.1, )', resolved: '12.0.1', contentHash: 'x' },
        other: { type: 'Project' },
      },
      'net6.0': { 'newtonsoft.json': { type: 'Transitive', resolved: '12.0.1' } },
    },
  };

  it('names what was resolved, once', () => {
    expect(names('src/packages.lock.json', lock)).toEqual(['newtonsoft.json 12.0.1']);
    expect(names('data/0', lock)).toHaveLength(1);
  });

  it('hides something where a package has no version', () => {
    const text = '{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct"}}}}';
    expect(observed('dotnet', 'packages.lock.json', text).problems).toHaveLength(1);
  });
});

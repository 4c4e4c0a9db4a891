import { describe, expect, it } from 'vitest';
import { observed } from './observed.fixtures.ts';
import { parseGemspec } from './ruby.ts';

const installed = 'usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.6.4.gemspec';
const gemspec = `# -*- encoding: utf-8 -*-
# stub: rack 2.2.6.4 ruby lib
# stub: ext/rack/extconf.rb

Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "2.2.6.4"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.licenses = ["MIT".freeze, 'Ruby']
  s.add_development_dependency(%q<minitest>.freeze, ["~> 5.0"])
end
`;
const rack = {
  type: 'gem',
  name: 'rack',
  version: '2.2.6.4',
  ecosystem: 'RubyGems',
  licence: 'MIT AND Ruby',
};

describe('gemspecs', () => {
  it('are read where RubyGems installs gems, default ones included', () => {
    expect(observed('ruby', installed, gemspec)).toMatchObject({ packages: [rack], problems: [] });
    const byDefault = 'usr/lib/ruby/gems/3.1.0/specifications/default/rack-2.2.6.4.gemspec';
    expect(observed('ruby', byDefault, gemspec).packages).toEqual([rack]);
  });

  it('are known by their stub where a link leads to them', () => {
    expect(observed('ruby', 'data/0', gemspec).packages).toEqual([rack]);
  });

  it.each([
    ['without a stub', gemspec.replaceAll(/^# stub.*\n/gm, '')],
    ['of RubyGems 1', gemspec.replaceAll(/^# stub.*\n/gm, '').replace('"rack".freeze', '%q{rack}')],
    [
      'with a version object',
      gemspec.replaceAll(/^# stub.*\n/gm, '').replace('"2.2.6.4"', "Gem::Version.new('2.2.6.4')"),
    ],
    ['with line ends of Windows', gemspec.replaceAll('\n', '\r\n')],
  ])('%s', (_, text) => {
    expect(observed('ruby', installed, text)).toMatchObject({ packages: [rack], problems: [] });
  });

  it('of another platform have its version alone', () => {
    const text = '# stub: nokogiri 1.15.0 x86_64-linux lib\n';
    expect(parseGemspec(text).packages).toEqual([
      { type: 'gem', name: 'nokogiri', version: '1.15.0', ecosystem: 'RubyGems' },
    ]);
  });

  it('count twice where the stub says something else than the Ruby', () => {
    const lying = gemspec.replace('# stub: rack 2.2.6.4', '# stub: rack 99');
    expect(observed('ruby', installed, lying).packages.map(({ version }) => version)).toEqual([
      '99',
      '2.2.6.4',
    ]);
  });

  it('of sources and of developers do not count', () => {
    const source = gemspec.replaceAll(/^# stub.*\n/gm, '');
    expect(observed('ruby', 'var/lib/gems/3.1.0/gems/rack-2.2.6.4/rack.gemspec', source).facts).toEqual([]);
  });

  it('that compute what they say hide something where they are installed, and nowhere else', () => {
    const computed = 'Gem::Specification.new do |s|\n  s.name = NAME\n  s.version = Rack.release\nend\n';
    expect(observed('ruby', installed, computed).problems).toHaveLength(1);
    expect(observed('ruby', installed, '').problems).toHaveLength(1);
    const endless = gemspec.replace('# stub: rack', `# stub: ${'a'.repeat(600)}`);
    expect(observed('ruby', installed, endless)).toMatchObject({
      packages: [rack],
      problems: [expect.any(String)],
    });
    expect(observed('ruby', 'srv/app/app.gemspec', computed)).toMatchObject({ facts: [], problems: [] });
    expect(observed('ruby', installed, 's.version = "#{major}.1"\ns.name = "a"\n').problems).toHaveLength(1);
  });
});

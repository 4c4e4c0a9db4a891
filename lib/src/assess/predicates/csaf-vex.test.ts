import { anything, assert, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { refusalReason } from '../../signing/refusal.ts';
import { readCsafVex } from './csaf-vex.ts';
import { aboutImage } from './vex.ts';

const image = { digest: digestOf('an image'), repository: 'team/app' };
const [, hex] = image.digest.split(':');

const purl = (product_id: string, text: string, more: object = {}) => ({
  name: product_id,
  product_id,
  product_identification_helper: { purl: text },
  ...more,
});
const self = {
  name: 'the image',
  product_id: 'IMAGE',
  product_identification_helper: {
    hashes: [{ filename: 'x', file_hashes: [{ algorithm: 'sha256', value: hex }] }],
  },
};

function csaf(vulnerabilities: readonly object[], tree: object = {}, document: object = {}): object {
  return {
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      tracking: { status: 'final', current_release_date: '2026-03-01T10:00:00Z' },
      ...document,
    },
    product_tree: { full_product_names: [self, purl('CURL', 'pkg:deb/debian/curl@8.1')], ...tree },
    vulnerabilities,
  };
}

function read(document: unknown) {
  return aboutImage(readCsafVex(document).statements, image);
}

function reasonOf(document: unknown): string {
  try {
    read(document);
  } catch (error) {
    return refusalReason(error) ?? `it threw ${String(error)}`;
  }
  return 'it was read';
}

describe('VEX of CSAF', () => {
  it('says of products by purl, and of the whole image by its digest, what is known of a CVE and why', () => {
    const document = csaf([
      {
        cve: 'CVE-2026-1',
        ids: [{ system_name: 'GHSA', text: 'GHSA-1' }],
        product_status: { known_not_affected: ['CURL'], fixed: ['IMAGE'] },
        flags: [{ label: 'vulnerable_code_not_present', product_ids: ['CURL'] }],
      },
    ]);
    const common = {
      vulnerability: 'CVE-2026-1',
      aliases: ['GHSA-1'],
      at: Date.parse('2026-03-01T10:00:00Z'),
    };
    expect(read(document)).toEqual([
      {
        ...common,
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
        products: ['pkg:deb/debian/curl@8.1'],
      },
      { ...common, status: 'fixed', products: [] },
    ]);
  });

  it('reads branches at any depth, groups of products, parts of this image, and impact in words', () => {
    const tree = {
      branches: [
        {
          category: 'vendor',
          name: 'v',
          branches: [{ category: 'product_version', name: '1', product: purl('LEFT', 'pkg:npm/left@1.0.0') }],
        },
      ],
      relationships: [
        {
          category: 'default_component_of',
          product_reference: 'CURL',
          relates_to_product_reference: 'IMAGE',
          full_product_name: { name: 'curl in the image', product_id: 'IMAGE:CURL' },
        },
      ],
      product_groups: [{ group_id: 'G', product_ids: ['LEFT', 'IMAGE:CURL'] }],
    };
    const document = csaf(
      [
        {
          cve: 'CVE-2026-2',
          product_status: { known_not_affected: ['LEFT', 'IMAGE:CURL'] },
          threats: [{ category: 'impact', details: 'it is never called', group_ids: ['G'] }],
        },
      ],
      tree,
    );
    expect(read(document)).toMatchObject([
      { status: 'not_affected', products: ['pkg:npm/left@1.0.0', 'pkg:deb/debian/curl@8.1'] },
    ]);
  });

  it('says nothing of other images, of parts of other products, of ranges, of what has no purl', () => {
    const tree = {
      branches: [
        {
          category: 'product_version_range',
          name: 'vers:deb/<9',
          product: purl('RANGE', 'pkg:deb/debian/curl'),
        },
        { category: 'product_name', name: 'OS', product: { name: 'OS', product_id: 'OS' } },
        {
          category: 'product_version',
          name: 'x',
          product: purl('OTHER', `pkg:oci/app@${digestOf('another')}`),
        },
      ],
      relationships: [
        {
          category: 'default_component_of',
          product_reference: 'CURL',
          relates_to_product_reference: 'OS',
          full_product_name: { name: 'curl of an OS', product_id: 'OS:CURL' },
        },
      ],
    };
    const fixed = ['RANGE', 'OS', 'OTHER', 'OS:CURL'];
    expect(read(csaf([{ cve: 'CVE-2026-3', product_status: { fixed } }], tree))).toEqual([]);
  });

  it.each([
    ['another category', csaf([], {}, { category: 'csaf_security_advisory' }), /category is not csaf_vex/],
    ['a draft', csaf([], {}, { tracking: { status: 'draft' } }), /draft/],
    ['another version', csaf([], {}, { csaf_version: '1.0' }), /version of CSAF/],
    ['no reason', csaf([{ cve: 'CVE-1', product_status: { known_not_affected: ['CURL'] } }]), /not why/],
    ['no name', csaf([{ product_status: { fixed: ['CURL'] } }]), /neither a CVE/],
    [
      'an unknown product',
      csaf([{ cve: 'CVE-1', product_status: { fixed: ['X'] } }]),
      /there is no product X/,
    ],
    ['a product twice', csaf([], { full_product_names: [self, self] }), /stands twice/],
    ['nothing', undefined, /is empty/],
  ])('is refused: %s', (_, document, why) => {
    expect(reasonOf(document)).toMatch(why);
  });

  it('nested for ever is refused', () => {
    let branch: object = { category: 'x', name: 'x' };
    for (let depth = 0; depth < 1000; depth += 1) branch = { category: 'x', name: 'x', branches: [branch] };
    expect(reasonOf(csaf([], { branches: [branch] }))).toMatch(/nested too deeply/);
  });

  it('whatever it is is read or refused', () => {
    assert(
      property(anything(), anything(), anything(), (document, tree, vulnerabilities) => {
        for (const one of [document, { ...csaf([]), product_tree: tree }, { ...csaf([]), vulnerabilities }])
          expect(reasonOf(one)).not.toMatch(/^it threw/);
      }),
    );
  });
});

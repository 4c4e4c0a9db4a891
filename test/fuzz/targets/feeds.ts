import { readEpss, readKev } from '@wharfinger/lib/advisories/threat-sources';
import { inVersionRange } from '@wharfinger/lib/assess/predicates/version-range';
import { readVexFile } from '@wharfinger/lib/assess/vex-file';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { nothing, type Target } from '../target.ts';

const asBytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const image = `pkg:oci/app@${encodeURIComponent(digestOf('an image'))}`;

const kev = {
  title: 'a catalogue',
  catalogVersion: '2026.01.02',
  dateReleased: '2026-01-02T00:00:00.000Z',
  count: 2,
  vulnerabilities: [
    { cveID: 'CVE-2025-0001', dateAdded: '2026-01-01', dueDate: '2026-01-22', vendorProject: 'v' },
    { cveID: 'CVE-2025-0002', dateAdded: '2026-01-02', dueDate: '2026-01-23' },
  ],
};
const epss =
  '#model_version:v2025.03.14,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\n' +
  'CVE-2025-0001,0.00123,0.45\nCVE-2025-0002,0.97,0.999\n';

const openVex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://vex.example/1',
  author: 'a',
  timestamp: '2026-01-02T00:00:00Z',
  version: 1,
  statements: [
    {
      vulnerability: { name: 'CVE-2025-0001', aliases: ['GHSA-a'] },
      status: 'not_affected',
      justification: 'component_not_present',
      products: [{ '@id': image, subcomponents: [{ '@id': 'pkg:npm/a@1' }] }, 'pkg:npm/b'],
    },
    {
      vulnerability: { name: 'CVE-2025-0002' },
      status: 'affected',
      products: [{ '@id': 'pkg:deb/debian/c' }],
    },
  ],
};
const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: 'urn:uuid:1',
  metadata: {
    timestamp: '2026-01-02T00:00:00Z',
    authors: [{ name: 'a' }],
    component: { 'bom-ref': 'me', purl: image },
  },
  components: [{ 'bom-ref': 'outer', components: [{ 'bom-ref': 'a', purl: 'pkg:npm/a' }] }],
  vulnerabilities: [
    {
      id: 'CVE-2025-0001',
      analysis: { state: 'not_affected', justification: 'code_not_reachable' },
      affects: [{ ref: 'a', versions: [{ range: 'vers:npm/>=1.0.0|<2.0.0', status: 'unaffected' }] }],
    },
    { id: 'CVE-2025-0002', analysis: { state: 'exploitable' }, affects: [{ ref: 'me' }] },
  ],
};
const named = (id: string, purl: string) => ({
  name: id,
  product_id: id,
  product_identification_helper: { purl },
});
const csaf = {
  document: {
    category: 'csaf_vex',
    csaf_version: '2.0',
    publisher: { name: 'a' },
    tracking: { id: 'A-1', status: 'final', current_release_date: '2026-01-02T00:00:00Z' },
  },
  product_tree: {
    full_product_names: [named('IMAGE', image), named('CURL', 'pkg:deb/debian/curl@8.1')],
    branches: [
      { category: 'product_version_range', name: 'vers:deb/<9', product: named('R', 'pkg:deb/debian/d') },
    ],
    relationships: [
      {
        category: 'default_component_of',
        product_reference: 'CURL',
        relates_to_product_reference: 'IMAGE',
        full_product_name: { name: 'x', product_id: 'IMAGE:CURL' },
      },
    ],
    product_groups: [{ group_id: 'G', product_ids: ['IMAGE:CURL'] }],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2025-0001',
      ids: [{ system_name: 'x', text: 'GHSA-a' }],
      product_status: { known_not_affected: ['IMAGE:CURL'], fixed: ['R'] },
      threats: [{ category: 'impact', details: 'it is never called', group_ids: ['G'] }],
    },
  ],
};

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A statement that was read says of what, and every range of versions in it can be asked. */
function readVex(bytes: Uint8Array): undefined {
  for (const { products } of readVexFile(bytes, 'a document').statements) {
    if (products.length === 0) throw new TypeError('a statement about everything was read');
    for (const { image: whole, purl, versions } of products) {
      if (whole === undefined && purl === undefined) throw new TypeError('a product without a name was read');
      if (versions !== undefined) inVersionRange(versions, 'npm', '1.2.3');
    }
  }
}

/** Readers of what publishers say of vulnerabilities, besides advisories. */
export const feedTargets: readonly Target[] = [
  {
    name: 'catalogue of exploited vulnerabilities',
    refuses: ['ADVISORIES_UNREADABLE'],
    genuine: [asBytes(kev)],
    read: async (bytes) => nothing(await readKev('kev.json', chunked(bytes))),
  },
  {
    name: 'scores of EPSS',
    refuses: ['ADVISORIES_UNREADABLE'],
    genuine: [Buffer.from(epss)],
    read: async (bytes) => nothing(await readEpss('epss.csv', chunked(bytes))),
  },
  ...Object.entries({ OpenVEX: openVex, CycloneDX: cycloneDx, CSAF: csaf }).map(
    ([format, document]): Target => ({
      name: `VEX document of ${format}`,
      refuses: ['VEX_INVALID'],
      genuine: [asBytes(document)],
      read: readVex,
    }),
  ),
];

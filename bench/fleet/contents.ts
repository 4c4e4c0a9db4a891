import type { Package } from '@wharfinger/lib/inspect/inventory';
import type { PackageType } from '@wharfinger/lib/inspect/packages/package-types';

/** How large a fleet is. */
export interface FleetShape {
  /** images in all, those that serve as bases included */
  readonly images: number;
  /** of each image, about */
  readonly packages: number;
  /** base images: rebuilds of a few distributions */
  readonly bases: number;
}

/** An image: what each of its layers brings, base first. */
export interface FleetImage {
  readonly repository: string;
  readonly tag: string;
  readonly layers: readonly FleetLayer[];
}

export interface FleetLayer {
  /** equal for equal contents */
  readonly name: string;
  readonly packages: readonly Package[];
}

interface Distribution {
  readonly id: string;
  readonly ecosystem: string;
  readonly type: PackageType;
}

export const distributions: readonly Distribution[] = [
  { id: 'debian-12', ecosystem: 'Debian:12', type: 'deb' },
  { id: 'debian-11', ecosystem: 'Debian:11', type: 'deb' },
  { id: 'ubuntu-24.04', ecosystem: 'Ubuntu:24.04:LTS', type: 'deb' },
  { id: 'ubuntu-22.04', ecosystem: 'Ubuntu:22.04:LTS', type: 'deb' },
  { id: 'alpine-3.19', ecosystem: 'Alpine:v3.19', type: 'apk' },
  { id: 'alpine-3.20', ecosystem: 'Alpine:v3.20', type: 'apk' },
  { id: 'alpine-3.21', ecosystem: 'Alpine:v3.21', type: 'apk' },
  { id: 'debian-13', ecosystem: 'Debian:13', type: 'deb' },
];

/** Packages of languages that there are, a few of them in most images. */
export const languagePackages = 20_000;

/** Applications have this many images each. */
const imagesOfApplication = 50;

/** A sequence of numbers from 0 to 1 that is the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The images of a fleet, base images first, the same for the same shape. Bases are rebuilds of distributions, of which each has
 * a few packages newer than the one before. Applications install packages of the distribution and of a language; an image in
 * three takes newer versions of some, one in four is built upon a newer base, one in three upgrades packages of its base.
 */
export function* imagesOf(shape: FleetShape): Generator<FleetImage> {
  const system = Math.round(shape.packages * 0.3);
  const runtime = Math.round(shape.packages * 0.2);
  const sizes = { system, runtime, language: shape.packages - system - runtime };
  const rebuilds = Math.ceil(shape.bases / distributions.length);
  for (let base = 0; base < shape.bases; base += 1) {
    const [family, rebuild] = [base % distributions.length, Math.floor(base / distributions.length)];
    yield {
      repository: `library/${distributions[family]!.id}`,
      tag: `${rebuild}`,
      layers: [systemLayer(family, rebuild, 0, sizes.system)],
    };
  }
  for (let made = shape.bases, number = 0; made < shape.images; number += 1) {
    const count = Math.min(imagesOfApplication, shape.images - made);
    yield* imagesOfOne(number, count, rebuilds, sizes);
    made += count;
  }
}

interface Sizes {
  readonly system: number;
  readonly runtime: number;
  readonly language: number;
}

function* imagesOfOne(number: number, count: number, rebuilds: number, sizes: Sizes): Generator<FleetImage> {
  const random = randomOf(number);
  const family = Math.floor(random() * distributions.length);
  const runtime = Math.floor(random() * 8);
  let rebuild = Math.floor(random() * rebuilds);
  const dependencies = new Map<number, number>();
  while (dependencies.size < sizes.language) {
    dependencies.set(Math.floor(languagePackages * random() ** 3), Math.floor(random() * 6));
  }
  let edition = 0;
  let languages = languageLayer(number, dependencies, 3);
  for (let index = 0; index < count; index += 1) {
    if (random() < 0.25) rebuild = Math.min(rebuilds - 1, rebuild + 1);
    if (random() < 0.33) {
      edition += 1;
      for (const name of dependencies.keys()) {
        if (random() < 0.02) dependencies.set(name, dependencies.get(name)! + 1);
      }
      languages = languageLayer(number, dependencies, 3);
    }
    const upgraded = random() < 0.33 ? Math.floor(random() * 12) : 0;
    yield applicationImage({ number, index, edition, family, rebuild, upgraded, runtime }, languages, sizes);
  }
}

interface Application {
  readonly number: number;
  readonly index: number;
  readonly edition: number;
  readonly family: number;
  readonly rebuild: number;
  /** packages of the base that the image has in a newer version */
  readonly upgraded: number;
  readonly runtime: number;
}

function applicationImage(
  { number, index, edition, family, rebuild, upgraded, runtime }: Application,
  languages: readonly Package[],
  sizes: Sizes,
): FleetImage {
  const layers: FleetLayer[] = [
    ...once(`upgraded ${family} ${rebuild} ${upgraded} ${sizes.system}`, () => {
      const base = systemLayer(family, rebuild, 0, sizes.system);
      const replaced = upgraded === 0 ? nothing : systemLayer(family, rebuild + 3, 1, upgraded).packages;
      const gone = new Set(replaced.map(({ name }) => name));
      return [
        { name: base.name, packages: base.packages.filter(({ name }) => !gone.has(name)) },
        { name: `upgrade ${family} ${rebuild} ${upgraded}`, packages: replaced },
      ];
    }),
    ...once(`runtime ${family} ${rebuild} ${runtime} ${sizes.runtime}`, () => [
      {
        name: `runtime ${family} ${rebuild} ${runtime}`,
        packages: systemPackages(family, `runtime${runtime}-`, rebuild, 2, sizes.runtime),
      },
    ]),
    { name: `dependencies ${number} ${edition}`, packages: languages },
    { name: `code ${number} ${index}`, packages: nothing },
  ];
  return { repository: `team-${number % 50}/application-${number}`, tag: `1.${index}`, layers };
}

const nothing: readonly Package[] = [];

/** Layers that images have again and again, made once: who works on the packages of a layer can tell that they are the same. */
const made = new Map<string, readonly FleetLayer[]>();

function once(key: string, make: () => readonly FleetLayer[]): readonly FleetLayer[] {
  let layers = made.get(key);
  if (!layers) made.set(key, (layers = make()));
  return layers;
}

function systemLayer(family: number, rebuild: number, layer: number, count: number): FleetLayer {
  return {
    name: `base ${family} ${rebuild} ${count}`,
    packages: systemPackages(family, 'lib', rebuild, layer, count),
  };
}

/** Of these packages each changes with every twentieth rebuild, a few at a time. */
function systemPackages(
  family: number,
  prefix: string,
  rebuild: number,
  layer: number,
  count: number,
): Package[] {
  const { ecosystem, type, id } = distributions[family]!;
  return Array.from({ length: count }, (_, index) => {
    const release = Math.floor((rebuild + (index % 20)) / 20) + 1;
    const version = type === 'deb' ? `1.${release}-${index % 7}` : `1.${release}-r${index % 7}`;
    const name = `${prefix}${index}`;
    return {
      type,
      name,
      version,
      // Two packages are made of one source.
      match: { ecosystem, name: `${prefix}${index - (index % 2)}`, version },
      purl: `pkg:${type}/${id}/${name}@${version}`,
      ...licenceOf(index),
      path: type === 'deb' ? 'var/lib/dpkg/status' : 'lib/apk/db/installed',
      layer,
    };
  });
}

const licences = [
  'MIT',
  'GPL-2.0-only',
  'Apache-2.0',
  'BSD-3-Clause',
  'MIT AND BSD-2-Clause',
  'LGPL-2.1-or-later',
];

/** As it is recorded, and as that is understood. */
function licenceOf(index: number): Pick<Package, 'licence' | 'spdx' | 'licenceFrom'> {
  const licence = licences[index % licences.length]!;
  return { licence, spdx: licence, licenceFrom: 'record' };
}

function languageLayer(number: number, dependencies: ReadonlyMap<number, number>, layer: number): Package[] {
  const [type, ecosystem] = number % 3 === 0 ? (['golang', 'Go'] as const) : (['npm', 'npm'] as const);
  return [...dependencies].map(([index, release]) => {
    const [name, version] = [`package-${index}`, `1.${release}.0`];
    return {
      type,
      name,
      version,
      match: { ecosystem, name, version },
      purl: `pkg:${type}/${name}@${version}`,
      ...licenceOf(index),
      path: `app/node_modules/${name}/package.json`,
      layer,
    };
  });
}

import type { ImageDiff } from '@wharfinger/lib/assess/diff-images';
import type { Facts } from '@wharfinger/lib/routines/facts';

/**
 * Facts without the words of the image itself: values of its environment and labels, its command, the instructions that made its
 * layers, annotations of its manifest. They are bytes of the image, and what is held may be held for what stands in them. That they
 * are there stays: names of variables and labels.
 */
export function withoutOwnWords(facts: Facts): Facts {
  const { image } = facts;
  const { config } = image;
  return {
    ...facts,
    image: {
      ...image,
      annotations: namesOf(image.annotations),
      layers: image.layers.map(({ digest, size }) => ({ digest, size })),
      ...(config && {
        config: {
          ...config,
          entrypoint: [],
          cmd: [],
          env: config.env.map((variable) => variable.split('=', 1)[0]!),
          labels: namesOf(config.labels),
        },
      }),
    },
  };
}

function namesOf(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(texts).map((name) => [name, '']));
}

/** Fields of a difference whose values are words of the image itself, as `diffImages` calls them. */
const ownWords = /^(?:entrypoint$|command$|env |label )/;

/** Which of two images is told of without its own words. */
interface Withheld {
  readonly before: boolean;
  readonly after: boolean;
}

/** A difference without the words of images themselves: that a setting is another one is told, and not what it is. */
export function withoutWordsOf(withheld: Withheld, diff: ImageDiff): ImageDiff {
  const hidden = (side: keyof Withheld, text: string | undefined) =>
    text === undefined ? {} : { [side]: withheld[side] ? '(withheld)' : text };
  return {
    ...diff,
    configuration: diff.configuration.map((one) =>
      ownWords.test(one.field)
        ? { field: one.field, ...hidden('before', one.before), ...hidden('after', one.after) }
        : one,
    ),
  };
}

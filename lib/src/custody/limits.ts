/** How much of a chain is looked at. Real ones have a few images, each with a few statements. */
export const custodyLimits = {
  /** images from the final one to the base */
  depth: 32,
  /** statements about one image that verify */
  statements: 64,
  /** bytes of one manifest or config */
  bytes: 4 * 1024 * 1024,
  /** layers of one image */
  layers: 1000,
  /** children of one index */
  children: 100,
  /** steps of the patch of a configuration; materials; what a summary names */
  items: 1000,
  /** characters of one name */
  text: 1000,
} as const;

import { InvalidArgumentError, Option } from 'commander';

/** Reads an option that counts something. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}

/** `--layer`: one layer of an image. */
export function layerOption(description: string): Option {
  return new Option('--layer <index>', description).argParser(wholeNumber);
}

import type { Digest } from '@wharfinger/lib/oci/digest';

/** What is looked for in all images. */
export type Question =
  | {
      readonly kind: 'package';
      readonly name: string;
      readonly ecosystem?: string;
      readonly version?: string;
    }
  | { readonly kind: 'purl'; readonly purl: string }
  | { readonly kind: 'vulnerability'; readonly id: string }
  | { readonly kind: 'licence'; readonly licence: string }
  | { readonly kind: 'layer'; readonly digest: Digest }
  /** a file, by its SHA-256 */
  | { readonly kind: 'file'; readonly digest: Digest }
  /** whatever has this digest: an image and those built upon it, a layer, or a file */
  | { readonly kind: 'digest'; readonly digest: Digest }
  /** images built upon this one */
  | { readonly kind: 'base'; readonly digest: Digest };

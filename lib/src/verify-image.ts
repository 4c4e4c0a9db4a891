/** The whole check of an image in one call, for programs that have no server: docs/guide/library.md. */
export { verifyImage, type VerifiedImage, type VerifyImageOptions } from './assess/verify-image.ts';
export type { Judged, JudgedImage } from './assess/judge-content.ts';
export type { KnownAdvisories } from './assess/match-advisories.ts';
export type { Seen, TagCheck } from './assess/check-tag.ts';
export { WharfingerError } from './errors.ts';

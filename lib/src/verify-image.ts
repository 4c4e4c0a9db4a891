/** The whole check of an image in one call, for programs that have no server: docs/guide/library.md. */
export { verifyImage, type VerifyImageOptions } from './assess/verify-image.ts';
export type { Judged, JudgedImage } from './assess/judge-content.ts';
export type { KnownAdvisories } from './assess/match-advisories.ts';
export { WharfingerError } from './errors.ts';

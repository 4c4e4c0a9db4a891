import { expect, test } from 'vitest';
import { isForPlatform } from './platform.ts';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['Linux/AMD64', 'linux/amd64'],
  ['linux/aarch64', 'linux/arm64/v8'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['linux/arm64', 'linux/arm64/v8'],
  ['amd64', 'linux/amd64'],
  ['macos/arm64', 'darwin/arm64'],
])('%s may be taken where %s is wanted', (platform, wanted) => {
  expect(isForPlatform(platform, wanted)).toBe(true);
});

test.each([
  ['linux/amd64', 'linux/arm64'],
  ['windows/amd64', 'linux/amd64'],
  ['linux/arm/v6', 'linux/arm/v7'],
  ['linux/amd64x', 'linux/amd64'],
  ['unknown/unknown', 'linux/amd64'],
  ['no platform', 'linux/amd64'],
  ['', 'linux/amd64'],
])('%s is never taken where %s is wanted', (platform, wanted) => {
  expect(isForPlatform(platform, wanted)).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { parseByteRange, parseChunkRange } from './byte-range.ts';

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return isWharfingerError(error) ? error.code : error;
  }
}

describe('ranges of a blob of 2,048 bytes', () => {
  test.each([
    [undefined, undefined],
    ['bytes=500-1499', { start: 500, end: 1500 }],
    ['bytes=500-', { start: 500, end: 2048 }],
    ['bytes=-500', { start: 1548, end: 2048 }],
    ['bytes=-5000', { start: 0, end: 2048 }],
    ['bytes=2000-5000', { start: 2000, end: 2048 }],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=2047-2047', { start: 2047, end: 2048 }],
    ['bytes=0-99999999999999999999999', { start: 0, end: 2048 }],
    ['bytes=500-0', 'RANGE_INVALID'],
    ['bytes=2048-', 'RANGE_INVALID'],
    ['bytes=5000-10000', 'RANGE_INVALID'],
    ['bytes=-0', 'RANGE_INVALID'],
    ['bytes=99999999999999999999999-', 'RANGE_INVALID'],
    // Ignored, as RFC 9110 allows: the whole is sent.
    ['bytes=0-1,5-6', undefined],
    ['bytes=-', undefined],
    ['bytes=a-b', undefined],
    ['bytes=0x1-2', undefined],
    ['items=0-1', undefined],
    ['', undefined],
  ])('%s', (header, expected) => {
    expect(outcome(() => parseByteRange(header, 2048))).toEqual(expected);
  });

  test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1'])('an empty blob has nothing of %s', (header) => {
    expect(outcome(() => parseByteRange(header, 0))).toBe('RANGE_INVALID');
  });
});

describe('ranges of chunks', () => {
  test.each([
    ['0-1023', { offset: 0, length: 1024 }],
    ['5-5', { offset: 5, length: 1 }],
    ['bytes 10-19/20', { offset: 10, length: 10 }],
    ['bytes=10-19/*', { offset: 10, length: 10 }],
    ['9-5', 'UPLOAD_INVALID'],
    ['5', 'UPLOAD_INVALID'],
    ['-5', 'UPLOAD_INVALID'],
    ['0-', 'UPLOAD_INVALID'],
    ['x-y', 'UPLOAD_INVALID'],
    ['0-1, 2-3', 'UPLOAD_INVALID'],
    ['0-99999999999999999999999', 'UPLOAD_INVALID'],
  ])('%s', (header, expected) => {
    expect(outcome(() => parseChunkRange(header))).toEqual(expected);
  });
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPatch, changedFields, patchBetween, type PatchStep } from './json-patch.ts';
import { sameJson, type JsonObject, type JsonValue } from './json-value.ts';

const objects = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a/b', 'a~b', 'constructor')),
  fc.jsonValue(),
  {
    maxKeys: 8,
  },
) as fc.Arbitrary<JsonObject>;

test('the patch between two objects makes one into the other', () => {
  fc.assert(
    fc.property(objects, objects, (from, to) => {
      const patch = patchBetween(from, to);
      expect(sameJson(applyPatch(from, patch), to)).toBe(true);
      expect(patch).toHaveLength(changedFields(from, to).length);
    }),
  );
});

test.each<[string, JsonValue, PatchStep[], JsonValue | undefined]>([
  ['adds into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  ['appends', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
  ['removes from a list', { a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
  [
    'replaces deep inside',
    { a: { b: [{ c: 1 }] } },
    [{ op: 'replace', path: '/a/b/0/c', value: 2 }],
    { a: { b: [{ c: 2 }] } },
  ],
  ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: {} }], {}],
  ['does not remove the whole', { a: 1 }, [{ op: 'remove', path: '' }], undefined],
  ['does not replace what is not there', {}, [{ op: 'replace', path: '/a', value: 1 }], undefined],
  ['does not remove what is not there', { a: [] }, [{ op: 'remove', path: '/a/0' }], undefined],
  ['does not add beyond the end', { a: [] }, [{ op: 'add', path: '/a/1', value: 1 }], undefined],
  ['does not go through what is no object', { a: 1 }, [{ op: 'add', path: '/a/b', value: 1 }], undefined],
  ['does not go through what is inherited', {}, [{ op: 'add', path: '/constructor/x', value: 1 }], undefined],
  ['knows no index with a leading zero', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }], undefined],
  ['knows no pointer without a slash', { a: 1 }, [{ op: 'remove', path: 'a' }], undefined],
  ['knows no other escapes', { 'a~2': 1 }, [{ op: 'remove', path: '/a~2' }], undefined],
])('%s', (_, value, patch, result) => {
  expect(applyPatch(value, patch)).toEqual(result);
});

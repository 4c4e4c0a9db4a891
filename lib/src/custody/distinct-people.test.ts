import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { distinctPeople, rolesAreFilled } from './distinct-people.ts';

const approval = (principal: string, keyId: string, role = 'any') => ({ principal, keyId, role });

test('who shares a key or a name with another counts as one with him', () => {
  expect(distinctPeople([approval('a', '1'), approval('b', '2')])).toHaveLength(2);
  expect(distinctPeople([approval('a', '1'), approval('a', '2')])).toHaveLength(1);
  expect(distinctPeople([approval('a', '1'), approval('b', '1')])).toHaveLength(1);
  expect(distinctPeople([approval('a', '1'), approval('b', '2'), approval('a', '2')])).toHaveLength(1);
});

test('k of them have k keys and k principals, however the approvals are chosen and ordered', () => {
  const some = fc.array(
    fc.record({
      principal: fc.constantFrom('a', 'b', 'c', 'd'),
      keyId: fc.constantFrom('1', '2', '3', '4'),
      role: fc.constant('any'),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(some, fc.infiniteStream(fc.nat()), (approvals, random) => {
      const people = distinctPeople(approvals);
      expect(people.length).toBeLessThanOrEqual(new Set(approvals.map(({ principal }) => principal)).size);
      expect(people.length).toBeLessThanOrEqual(new Set(approvals.map(({ keyId }) => keyId)).size);
      const keyed = approvals.map((one) => ({ one, at: random.next().value }));
      const shuffled = keyed.sort((a, b) => a.at - b.at).map(({ one }) => one);
      expect(distinctPeople(shuffled)).toHaveLength(people.length);
    }),
  );
});

test('nobody fills two roles, and who can fill several takes the one that is open', () => {
  const person = (...roles: string[]) => ({ principals: [roles.join()], roles });
  expect(rolesAreFilled([person('x', 'y')], { x: 1, y: 1 })).toBe(false);
  expect(rolesAreFilled([person('x', 'y'), person('x')], { x: 1, y: 1 })).toBe(true);
  expect(rolesAreFilled([person('x'), person('x', 'y'), person('y', 'z')], { x: 1, y: 1, z: 1 })).toBe(true);
  expect(rolesAreFilled([person('x'), person('x')], { x: 3 })).toBe(false);
  expect(rolesAreFilled([], { x: 1_000_000 })).toBe(false);
  expect(rolesAreFilled([], {})).toBe(true);
});

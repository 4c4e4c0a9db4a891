/** Somebody who approved: all principals and keys that may be the same person. */
export interface Person {
  readonly principals: readonly string[];
  readonly roles: readonly string[];
}

interface Given {
  readonly principal: string;
  readonly keyId: string;
  readonly role: string;
}

/**
 * Tells people apart. Who shares a key or a principal with another counts as one with him, for nobody can tell that they are two:
 * k of these have k different principals and k different keys, however they are chosen.
 */
export function distinctPeople(approvals: readonly Given[]): Person[] {
  const groups: Given[][] = [];
  for (const approval of approvals) {
    const same = groups.filter((group) =>
      group.some(({ principal, keyId }) => principal === approval.principal || keyId === approval.keyId),
    );
    const merged = [...same.flat(), approval];
    for (const group of same) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  const sorted = (texts: readonly string[]) => [...new Set(texts)].sort();
  return groups.map((group) => ({
    principals: sorted(group.map(({ principal }) => principal)),
    roles: sorted(group.map(({ role }) => role)),
  }));
}

/** True if so many people as each role needs can be found, nobody for two of them (a matching in a bipartite graph). */
export function rolesAreFilled(people: readonly Person[], needed: Readonly<Record<string, number>>): boolean {
  const slots = Object.entries(needed).flatMap(([role, number]) =>
    // one more than there are people cannot be filled either
    Array.from({ length: Math.min(number, people.length + 1) }, () => role),
  );
  const placed = new Map<Person, number>();
  const place = (slot: number, tried: Set<Person>): boolean =>
    people.some((person) => {
      if (tried.has(person) || !person.roles.includes(slots[slot]!)) return false;
      tried.add(person);
      const before = placed.get(person);
      if (before !== undefined && !place(before, tried)) return false;
      placed.set(person, slot);
      return true;
    });
  return slots.every((_, slot) => place(slot, new Set()));
}

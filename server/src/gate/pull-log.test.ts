import { expect, test, vi } from 'vitest';
import type { ServedEvent } from '@wharfinger/lib/registry/host';
import type { AuditEntry } from '../audit/entry.ts';
import { createPullLog } from './pull-log.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function pull(second: number, rest: Partial<ServedEvent> = {}): ServedEvent {
  return {
    caller: { principal: 'ann', address: '10.0.0.1', client: 'docker' },
    repository: 'team/app',
    digest: `sha256:${'a'.repeat(64)}`,
    tag: 'v1',
    method: 'GET',
    at: at(second),
    ...rest,
  };
}

function record(events: readonly ServedEvent[]): AuditEntry[] {
  const entries: AuditEntry[] = [];
  const buffer = { add: (entry: AuditEntry) => void entries.push(entry), flush: vi.fn(), stop: vi.fn() };
  const log = createPullLog(buffer, () => at(0));
  for (const event of events) log.served(event);
  log.stop();
  return entries;
}

test('a pull is who, what, when and from where', () => {
  expect(record([pull(1)])).toEqual([
    {
      at: at(1),
      actor: 'ann',
      address: '10.0.0.1',
      client: 'docker',
      action: 'pull',
      repository: 'team/app',
      digest: `sha256:${'a'.repeat(64)}`,
      tag: 'v1',
      outcome: 'done',
    },
  ]);
});

test('pulls that differ in nothing but the time are one entry, which counts them', () => {
  const elsewhere = { principal: 'ann', address: '10.0.0.2', client: 'docker' };
  const entries = record([pull(1), pull(2), pull(3, { caller: elsewhere }), pull(4), pull(5, { tag: 'v2' })]);
  expect(entries.map(({ address, tag, detail }) => [address, tag, detail])).toEqual([
    ['10.0.0.1', 'v1', { count: 3, until: at(4).toISOString() }],
    ['10.0.0.2', 'v1', undefined],
    ['10.0.0.1', 'v2', undefined],
  ]);
});

test('a question is no pull', () => {
  expect(record([pull(1, { method: 'HEAD' })])).toEqual([]);
});

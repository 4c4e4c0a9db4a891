import type { Command } from 'commander';
import type { Run } from '../session.ts';
import { addRoutineDiff } from './routine/diff.ts';
import { addRoutineInit } from './routine/init.ts';
import { addRoutinePack } from './routine/pack.ts';
import { addRoutinePull } from './routine/pull.ts';
import { addRoutinePush } from './routine/push.ts';
import { addRoutineReplay } from './routine/replay.ts';
import { addRoutineSign } from './routine/sign.ts';
import { addRoutineTest } from './routine/test.ts';

export function addRoutine(program: Command, run: Run): void {
  const group = program
    .command('routine')
    .summary('write, test, sign, exchange and try routines, the rules that images are judged by')
    .description(
      'Routines are the rules that images are judged by. They come in collections: files that are written and tested here, and exchanged as signed artifacts of a registry. wharf collection takes them in, wharf binding puts them to work.',
    );
  for (const add of [
    addRoutineInit,
    addRoutineTest,
    addRoutinePack,
    addRoutinePush,
    addRoutineSign,
    addRoutinePull,
    addRoutineDiff,
    addRoutineReplay,
  ])
    add(group, run);
}

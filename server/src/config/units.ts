import { z } from 'zod';

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it (90s, 60m, 24h, 7d); milliseconds inside. */
export const duration = z
  .string()
  .regex(/^\d+[smhd]$/, 'write a number and s, m, h or d, such as 60m')
  .transform((text) => Number(text.slice(0, -1)) * units[text.at(-1) as keyof typeof units]);

const sizes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** A number of bytes as people write it (512MiB); bytes inside. */
export const bytes = z
  .string()
  .regex(/^\d+(?:B|KiB|MiB|GiB)$/, 'write a number and B, KiB, MiB or GiB, such as 8MiB')
  .transform((text) => {
    const [, count, unit] = /^(\d+)(.+)$/.exec(text)!;
    return Number(count) * sizes[unit as keyof typeof sizes];
  });

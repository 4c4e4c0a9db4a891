import { z } from 'zod';

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it (90s, 60m, 24h, 7d); milliseconds inside. */
export const duration = z
  .string()
  .regex(/^\d+[smhd]$/, 'write a number and s, m, h or d, such as 60m')
  .transform((text) => Number(text.slice(0, -1)) * units[text.at(-1) as keyof typeof units]);

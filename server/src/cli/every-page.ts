import type { z } from 'zod';
import type { ApiClient } from './api-client.ts';

/** A part of a list that goes on. */
interface Page<T> {
  readonly images: readonly T[];
  readonly next?: string | undefined;
  readonly incomplete: number;
  readonly pending: number;
}

const longestPage = 200;

/** The first `limit` images that a question finds, page by page; `more`: there are others. */
export async function firstImages<T>(
  server: ApiClient,
  path: string,
  question: Readonly<Record<string, string | undefined>>,
  limit: number,
  shape: z.ZodType<Page<T>>,
): Promise<{ images: T[]; more: boolean; incomplete: number; pending: number }> {
  const images: T[] = [];
  let last: string | undefined;
  let incomplete: number;
  let pending: number;
  do {
    const page: Page<T> = await server.get(
      path,
      { ...question, last, limit: Math.min(longestPage, limit - images.length) },
      shape,
    );
    images.push(...page.images);
    ({ next: last, incomplete, pending } = page);
  } while (last !== undefined && images.length < limit);
  return { images, more: last !== undefined, incomplete, pending };
}

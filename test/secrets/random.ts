import { createHash } from 'node:crypto';

export const lower = 'abcdefghijklmnopqrstuvwxyz';
export const upper = lower.toUpperCase();
export const digits = '0123456789';
export const alnum = `${lower}${upper}${digits}`;
export const hex = `${digits}abcdef`;
export const base64 = `${alnum}+/`;
export const base64url = `${alnum}-_`;

/** Random characters, the same on every machine. */
export class Seeded {
  #state: Buffer;
  #at = 0;

  constructor(seed: string) {
    this.#state = createHash('sha256').update(seed).digest();
  }

  byte(): number {
    if (this.#at === this.#state.length) {
      this.#state = createHash('sha256').update(this.#state).digest();
      this.#at = 0;
    }
    return this.#state[this.#at++]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.byte()));
  }

  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[(this.byte() * 256 + this.byte()) % alphabet.length]).join(
      '',
    );
  }

  pick<T>(of: readonly T[]): T {
    return of[(this.byte() * 256 + this.byte()) % of.length]!;
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.text(hex, length)).join('-');
  }
}

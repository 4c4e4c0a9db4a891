/** What an ELF file is by its own account. What cannot be told is absent. */
export interface ExecutableFacts {
  /** `program` can be started; `library` is loaded by programs; `object` is neither yet, such as a kernel module */
  readonly type: 'program' | 'library' | 'object';
  /** as GNU tools name it, such as x86-64; `machine-<number>` where it has no name here */
  readonly machine: string;
  /** in hexadecimal digits */
  readonly buildId?: string;
  /** the loader that a program names; a program without one is linked statically */
  readonly interpreter?: string;
  /** libraries that it names, at most `mostNeeded` */
  readonly needed?: readonly string[];
  /** folders that it has libraries searched in (DT_RPATH, DT_RUNPATH) */
  readonly rpath?: string;
  readonly runpath?: string;
  /** whether it has its symbol table; without one it is stripped */
  readonly symbols?: boolean;
  /** its code may lie at any address */
  readonly pie?: boolean;
  /** tables that the loader fills are read-only afterwards: none, some of them, all */
  readonly relro: 'none' | 'partial' | 'full';
  /** no memory of it is both written and run: the stack is not run, and no segment is both */
  readonly nx: boolean;
  /** it checks its stack against overflow, as far as symbols tell */
  readonly stackProtector?: boolean;
  /** it calls functions that check the length of what they copy, as far as symbols tell */
  readonly fortified?: boolean;
  /** what it was written in, where the compiler says so */
  readonly language?: 'go' | 'rust';
  /** a program that unpacks itself, of which nothing else can be read; `unknown`: it looks like one */
  readonly packer?: 'upx' | 'unknown';
  /** true: it is not all there, or contradicts itself */
  readonly broken?: boolean;
}

/** Libraries that are listed of one file. */
export const mostNeeded = 256;

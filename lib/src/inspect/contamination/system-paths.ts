/** Where only packages put files: folders of programs and libraries, and what is started from without being asked. */
const systemFolders: readonly string[] = [
  'bin/',
  'sbin/',
  'lib/',
  'lib32/',
  'lib64/',
  'libx32/',
  'usr/bin/',
  'usr/sbin/',
  'usr/lib/',
  'usr/lib32/',
  'usr/lib64/',
  'usr/libx32/',
  'usr/libexec/',
  'etc/init.d/',
  'etc/cron.d/',
  'etc/ld.so.preload',
];

/** Where packages put what only people read: images are often made smaller by leaving it out. */
const documentation: readonly string[] = [
  'usr/share/doc/',
  'usr/share/doc-base/',
  'usr/share/man/',
  'usr/share/info/',
  'usr/share/locale/',
  'usr/share/lintian/',
  'usr/share/bug/',
  'usr/share/groff/',
  'usr/share/licenses/',
];

/** True for files of packages that nothing but people read. */
export function isDocumentation(path: string): boolean {
  return documentation.some((folder) => path.startsWith(folder));
}

/** True for the files of users and groups, and what tools keep of them as they were before. */
export function isAccountFile(path: string): boolean {
  return /^etc\/(?:passwd|shadow|group|gshadow|subuid|subgid)-?$/.test(path);
}

interface Exception {
  readonly path: RegExp;
  readonly reason: string;
}

/** Files in those folders that no package lists and that are there all the same. */
const exceptions: readonly Exception[] = [
  { path: /\/__pycache__\/[^/]+\.pyc$/, reason: 'bytecode that Python makes of the modules of packages' },
  { path: /^(?:usr\/)?lib\/apk\//, reason: 'the package database of apk' },
  { path: /^usr\/lib\/sysimage\/rpm\//, reason: 'the package database of rpm' },
  { path: /^usr\/lib\/sysimage\/libdnf5?\//, reason: 'what dnf remembers of its work' },
  { path: /\/gconv\/gconv-modules\.cache$/, reason: 'made by iconvconfig when the C library is set up' },
  {
    path: /^usr\/lib\/locale\/locale-archive(?:\.real|\.tmpl)?$/,
    reason: 'made by localedef of the locales asked for',
  },
  { path: /^(?:usr\/)?lib\/udev\/hwdb\.bin$/, reason: 'made by systemd-hwdb of the files of packages' },
  {
    path: /^(?:usr\/)?lib\/systemd\/catalog\/database$/,
    reason: 'made by journalctl of the files of packages',
  },
  {
    path: /^(?:usr\/)?lib\/modules\/[^/]+\/modules\.[a-z.]+$/,
    reason: 'made by depmod of the modules installed',
  },
  { path: /\/gio\/modules\/giomodule\.cache$/, reason: 'made by gio-querymodules' },
  { path: /\/gdk-pixbuf-2\.0\/(?:[0-9.]+\/)?loaders\.cache$/, reason: 'made by gdk-pixbuf-query-loaders' },
  { path: /\/gtk-[0-9.]+\/(?:[0-9.]+\/)?immodules\.cache$/, reason: 'made by gtk-query-immodules' },
  {
    path: /\/lib\/server\/classes(?:_nocoops)?\.jsa$/,
    reason: 'the class archive that Java makes of its own classes',
  },
  { path: /^usr\/lib\/fontconfig\/cache\//, reason: 'made by fc-cache of the fonts installed' },
  { path: /^usr\/lib\/ghc\/package\.conf\.d\/package\.cache(?:\.lock)?$/, reason: 'made by ghc-pkg' },
  {
    path: /^usr\/sbin\/policy-rc\.d$/,
    reason: 'put there by builders of Debian images so that nothing is started',
  },
  { path: /^etc\/init\.d\/\.depend\.[a-z]+$/, reason: 'made by insserv of the scripts of packages' },
];

/** Why a file may lie in a system folder though no package has it; undefined: nothing excuses it. */
export function excuseOf(path: string): string | undefined {
  return exceptions.find((exception) => exception.path.test(path))?.reason;
}

/** True for paths of the merged file system, free of links, where only packages put files. */
export function isSystemPath(path: string): boolean {
  const first = path.charCodeAt(0);
  // b, s, l, u, e: the first letters of the folders
  if (first !== 0x75 && first !== 0x6c && first !== 0x62 && first !== 0x73 && first !== 0x65) return false;
  return systemFolders.some((folder) => path.startsWith(folder));
}

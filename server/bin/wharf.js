#!/usr/bin/env node
'use strict';
// Any Node from 12 on must be able to read this file: it is what finds a runtime that can read the rest.
// Hence CommonJS (see package.json beside it), and no syntax younger than that.

const fs = require('fs');
const path = require('path');

const oldestRuntime = 24;

if (require.main === module) launch('cli/main');

module.exports = launch;

/** Runs a program of the product, which is named by its path without suffix. */
function launch(program) {
  if (Number(process.versions.node.split('.')[0]) < oldestRuntime) runAgainWithPinnedRuntime();
  else start(program);
}

function start(program) {
  keepCompiledCode();
  const source = path.join(__dirname, '..', 'src', program + '.ts');
  const main = fs.existsSync(source) ? source : path.join(__dirname, '..', 'dist', program + '.js');
  // A failure to load is told by Node itself.
  void import(require('url').pathToFileURL(main).href);
}

/**
 * Halves the time that commands take to start. Kept below the user's own folder of caches: what lies in a folder that
 * others can write to must not be run.
 */
function keepCompiledCode() {
  const caches = process.env.XDG_CACHE_HOME || path.join(require('os').homedir(), '.cache');
  require('module').enableCompileCache(path.join(caches, 'wharfinger', 'compiled'));
}

function runAgainWithPinnedRuntime() {
  const runtime = findPinnedRuntime();
  if (runtime === undefined) {
    process.stderr.write(
      `wharf needs Node.js ${oldestRuntime} or newer; this is ${process.version}.\n` +
        'In a checkout, run npm ci: it installs the pinned runtime. Elsewhere, install a newer Node.js.\n',
    );
    process.exit(1);
  }
  const child = require('child_process').spawn(
    runtime,
    [require.main.filename].concat(process.argv.slice(2)),
    {
      stdio: 'inherit',
    },
  );
  forwardSignals(child);
  child.on('error', (error) => {
    process.stderr.write(`wharf could not start ${runtime}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    // What is typed on a terminal reaches the child without us, and must not reach it twice.
    const typed = onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => {
      if (!typed) child.kill(signal);
    });
  }
}

/** The runtime that the lock file pins, in node_modules here or further up the tree. */
function findPinnedRuntime() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = platform === 'win' ? 'node.exe' : 'node';
  const names = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    for (const name of names) {
      const candidate = path.join(folder, 'node_modules', name, 'bin', file);
      if (fs.existsSync(candidate)) return candidate;
    }
    if (path.dirname(folder) === folder) return undefined;
  }
}

'use strict';
const http = require('node:http');
const decode = require('decode-uri-component');
const parseArguments = require('minimist');

const { port = 8080 } = parseArguments(process.argv.slice(2));

http
  .createServer((request, response) => {
    const ship = decode(new URL(request.url, 'http://localhost').searchParams.get('ship') ?? 'No ship');
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(`${ship} is due at noon.\n`);
  })
  .listen(port);

/**
 * What is used of node:http. An import of that module gives the values of all that it exports, for one of which Node.js loads the
 * whole of its fetch: 14 MB of a process that speaks HTTP to nobody.
 */
export const http = process.getBuiltinModule('node:http');

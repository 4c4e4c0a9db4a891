#!/usr/bin/env node
'use strict';
// What containerd runs before it pulls an image; see docs/guide/containerd.md. Read by any Node, as wharf.js is.

require('./wharf.js')('admission/verifier-main');

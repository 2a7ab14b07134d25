'use strict';

const { GatespecError } = require('./lib/errors.js');
const { start } = require('./lib/start.js');

module.exports = { GatespecError, start };

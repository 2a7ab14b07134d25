// The same objects as for `require`: an error of the one is an error of the other.
import gatespec from './index.js';

export const { GatespecError, start } = gatespec;

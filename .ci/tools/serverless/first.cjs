// `package` asks CloudFormation for the layers of the last deployment: here there is none.
const tool = require('node:path').basename(process.argv[1] ?? '');
if (tool === 'serverless' || tool === 'osls') {
  const program = require('node:fs').realpathSync(process.argv[1]);
  const layers = '../lib/plugins/aws/package/compile/layers.js';
  require(require('node:path').join(program, '..', layers)).prototype.compareWithLastLayer = async () => {};
}

// The same stack for two stages: below `assembly-Test` and `assembly-Prod`.
const { App, Stack, Stage } = require('aws-cdk-lib');
const { chat, node } = require('./parts');

const app = new App();
for (const name of ['Test', 'Prod']) {
  const stack = new Stack(new Stage(app, name), 'Chat');
  chat(stack, node(stack, 'Say', { environment: { GREETING: name } }));
}

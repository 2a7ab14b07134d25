// A nested stack with the API, whose parent has the function.
const { App, NestedStack, Stack } = require('aws-cdk-lib');
const { chat, node } = require('./parts');

const parent = new Stack(new App(), 'Parent');
const say = node(parent, 'Say');
chat(new NestedStack(parent, 'Sockets'), say);

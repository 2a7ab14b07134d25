// A nested stack with the function, whose parent has the API.
const { App, NestedStack, Stack } = require('aws-cdk-lib');
const { chat, node } = require('./parts');

const parent = new Stack(new App(), 'Parent');
const nested = new NestedStack(parent, 'Functions');
chat(parent, node(nested, 'Say'));

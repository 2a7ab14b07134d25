// The synthesizer of CDK 1: code in parameters without defaults.
const { App, LegacyStackSynthesizer, Stack } = require('aws-cdk-lib');
const { chat, node } = require('./parts');

const stack = new Stack(new App(), 'Legacy', { synthesizer: new LegacyStackSynthesizer() });
chat(stack, node(stack, 'Say'));

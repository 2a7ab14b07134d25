// A custom domain with a key.
const { App, Stack } = require('aws-cdk-lib');
const { DomainName, ApiMapping } = require('aws-cdk-lib/aws-apigatewayv2');
const { Certificate } = require('aws-cdk-lib/aws-certificatemanager');
const { chat, node } = require('./parts');

const stack = new Stack(new App(), 'Domain');
const arn = 'arn:aws:acm:us-east-1:111111111111:certificate/11112222-3333-4444-5555-666677778888';
const certificate = Certificate.fromCertificateArn(stack, 'Certificate', arn);
const domainName = new DomainName(stack, 'Domain', { domainName: 'chat.example.com', certificate });
const say = node(stack, 'Say');
const { api, stage } = chat(stack, say);
say.addEnvironment('CALLBACK', stage.callbackUrl);
new ApiMapping(stack, 'Mapping', { api, domainName, stage, apiMappingKey: 'live' });

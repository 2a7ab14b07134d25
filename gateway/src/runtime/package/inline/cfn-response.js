// Beside inline code that asks for it: answers the custom resource that has called the function.
'use strict';

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = (event, context, status, data, physicalId, noEcho) => {
  const { StackId, RequestId, LogicalResourceId, ResponseURL } = event;
  const body = JSON.stringify({
    Status: status,
    Reason: `See the log stream ${context.logStreamName}`,
    PhysicalResourceId: physicalId || context.logStreamName,
    StackId,
    RequestId,
    LogicalResourceId,
    NoEcho: noEcho || false,
    Data: data,
  });
  const url = new URL(ResponseURL);
  const { request } = require(url.protocol.slice(0, -1));
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const end = (problem) => {
      if (problem) console.log(`cfn-response: ${problem.message}`);
      context.done?.();
      resolve();
    };
    const put = request(url, { method: 'PUT', headers }, (answer) => {
      answer.resume();
      answer.on('end', end);
    });
    put.on('error', end);
    put.end(body);
  });
};

// An operation of DynamoDB, without an SDK.
export const dynamodb = async (operation, request) => {
  const answer = await fetch(process.env.AWS_ENDPOINT_URL_DYNAMODB, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
      "x-amz-date": "20240101T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/dynamodb/aws4_request, " +
        "SignedHeaders=host;x-amz-date, Signature=0",
    },
    body: JSON.stringify(request),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

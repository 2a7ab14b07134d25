const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setTimeout } = require('node:timers/promises');
const { DynamoDBClient, ScanCommand } = require('@aws-sdk/client-dynamodb');
const { start } = require('gatespec');
const { WebSocket } = require('ws');

let api;
let database;

before(async () => {
  const parameters = { AcceptedToken: 'sesame' };
  api = await start(path.join(__dirname, '../template.yaml'), { parameters });
  database = new DynamoDBClient({
    endpoint: api.dynamodbUrl,
    // Any region and any key will do.
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});

after(() => api?.close());

async function connect(token) {
  const socket = new WebSocket(api.wsUrl, { headers: { token } });
  await once(socket, 'open');
  return socket;
}

/** The ids in the table of connections. */
async function connections() {
  const { Items } = await database.send(new ScanCommand({ TableName: api.tables[0] }));
  return Items.map((item) => item.connectionId.S);
}

/** Waits for what follows by itself, as `$disconnect` does. */
async function until(condition) {
  while (!(await condition())) await setTimeout(20);
}

test('the authorizer refuses another token', async () => {
  await assert.rejects(connect('open'), /Unexpected server response: 401/);
});

test('a message is answered, and its connection is in the table', async () => {
  const socket = await connect('sesame');
  assert.equal((await connections()).length, 1);
  socket.send(JSON.stringify({ action: 'sendmessage', message: `it's me` }));
  const [answer] = await once(socket, 'message');
  assert.equal(JSON.parse(answer).you, `it's me`);
  socket.close();
  await until(async () => (await connections()).length === 0);
});

test('who says nothing for ten minutes is disconnected', async () => {
  const socket = await connect('sesame');
  const [id] = await connections();
  const closed = once(socket, 'close');
  await api.advance(600);
  const [code] = await closed;
  assert.equal(code, 1001);
  await until(() => api.logs.some((line) => line.endsWith(`${id} is forgotten`)));
  assert.deepEqual(await connections(), []);
});

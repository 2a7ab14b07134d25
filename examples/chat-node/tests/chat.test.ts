import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { start, type Gateway } from 'gatespec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './client.js';

let api: Gateway;
let database: DynamoDBDocumentClient;

beforeAll(async () => {
  api = await start(new URL('../template.yaml', import.meta.url));
  const client = new DynamoDBClient({
    endpoint: api.dynamodbUrl,
    // Any region and any key will do.
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  database = DynamoDBDocumentClient.from(client);
});

afterAll(() => api?.close());

/** How many are in the table of connections. */
async function present() {
  const { Count } = await database.send(new ScanCommand({ TableName: api.tables[0] }));
  return Count;
}

test('what one says, all hear', async () => {
  const [alice, bob] = await Promise.all([connect(api.wsUrl), connect(api.wsUrl)]);
  expect(await present()).toBe(2);
  alice.say('hello');
  expect(await Promise.all([alice.hears(), bob.hears()])).toEqual(['hello', 'hello']);

  // `$disconnect` runs after a client has left.
  bob.leave();
  await expect.poll(present).toBe(1);
  alice.say('anybody there?');
  expect(await alice.hears()).toBe('anybody there?');
  alice.leave();
  await expect.poll(present).toBe(0);
});

test('who says nothing for ten minutes is disconnected', async () => {
  const quiet = await connect(api.wsUrl);
  await api.advance(600);
  expect(await quiet.closed).toBe(1001);
  await expect.poll(present).toBe(0);
});

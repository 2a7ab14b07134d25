const {
  createWsHandler,
  DynamoDBConnectionManager,
  DynamoDBSubscriptionManager,
} = require('aws-lambda-graphql');
const { GraphQLObjectType, GraphQLSchema, GraphQLString } = require('graphql');

const query = new GraphQLObjectType({
  name: 'Query',
  fields: {
    said: {
      type: GraphQLString,
      args: { say: { type: GraphQLString } },
      resolve: (_, { say }) => `aws-lambda-graphql ${say}`,
    },
  },
});
const subscriptionManager = new DynamoDBSubscriptionManager();
const connectionManager = new DynamoDBConnectionManager({
  connectionsTable: process.env.CONNECTIONS,
  subscriptions: subscriptionManager,
});

exports.handler = createWsHandler({
  connectionManager,
  subscriptionManager,
  schema: new GraphQLSchema({ query }),
});

import { Logger } from '@aws-lambda-powertools/logger';
import { APIGatewayProxyWebsocketEventSchema } from '@aws-lambda-powertools/parser/schemas';

const logger = new Logger({ serviceName: 'libraries' });

export const handler = async (event, context) => {
  logger.addContext(context);
  const { requestContext, body } = APIGatewayProxyWebsocketEventSchema.parse(event);
  logger.info('parsed', { routeKey: requestContext.routeKey });
  return { statusCode: 200, body: `powertools ${requestContext.routeKey} ${JSON.parse(body).say}` };
};

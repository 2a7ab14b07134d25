import { Logger } from '@aws-lambda-powertools/logger';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { z } from 'zod';

// Its `APIGatewayProxyWebsocketEventSchema` (2.35.0) takes no message's event: it wants `methodArn`,
// `multiValueHeaders` and more, which only a request authorizer's event has.
const Event = z.object({
  requestContext: z.object({ routeKey: z.string(), connectionId: z.string() }),
  body: JSONStringified(z.object({ say: z.string() })),
});
const logger = new Logger({ serviceName: 'libraries' });

export const handler = async (event, context) => {
  logger.addContext(context);
  const { requestContext, body } = Event.parse(event);
  logger.info('parsed', { routeKey: requestContext.routeKey });
  return { statusCode: 200, body: `powertools ${requestContext.routeKey} ${body.say}` };
};

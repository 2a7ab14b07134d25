from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent, event_source

logger = Logger(service="libraries")


@logger.inject_lambda_context(log_event=True)
@event_source(data_class=APIGatewayWebSocketEvent)
def handler(event, context):
    body = f"powertools {event.request_context.route_key} {event.json_body['say']}"
    return {"statusCode": 200, "body": body}

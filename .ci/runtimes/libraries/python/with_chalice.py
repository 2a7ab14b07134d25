import json

from boto3.session import Session
from chalice import Chalice

app = Chalice(app_name="libraries")
app.experimental_feature_flags.update(["WEBSOCKETS"])
app.websocket_api.session = Session()


@app.on_ws_message()
def handler(event):
    say = json.loads(event.body)["say"]
    app.websocket_api.send(event.connection_id, f"chalice {say}")

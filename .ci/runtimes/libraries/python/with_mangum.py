import os

from fastapi import FastAPI
from mangum import Mangum
from mangum_ws import MangumWS

app = FastAPI()
ws = MangumWS(endpoint_url=os.environ["CALLBACK"])


@ws.on_message
async def message(connection_id, data):
    await ws.send({connection_id}, f"mangum-ws {data['say']}")


app.include_router(ws.router)
handler = Mangum(app, lifespan="off", custom_handlers=[ws.handler])

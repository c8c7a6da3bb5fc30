from flask import Flask, request

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

PEDIDOS = [
    {"id": 101, "usuario": 1, "produto": "café", "quantidade": 2},
    {"id": 102, "usuario": 1, "produto": "pão de queijo", "quantidade": 6},
    {"id": 103, "usuario": 2, "produto": "açaí", "quantidade": 1},
]


@app.get("/pedidos")
def listar():
    usuario = request.args.get("usuario", type=int)
    return {"pedidos": [pedido for pedido in PEDIDOS if usuario in (None, pedido["usuario"])]}


@app.after_request
def anotar(resposta):
    # O healthcheck pergunta o tempo todo: isso não é novidade.
    if request.path != "/saude":
        print("atendi", request.path, flush=True)
    return resposta


@app.get("/saude")
def saude():
    return {"estado": "ok"}

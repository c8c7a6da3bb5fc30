from itertools import count

from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

pedidos = count(1)


@app.get("/")
def ola():
    return {"mensagem": "Olá da API!", "pedido": next(pedidos)}


@app.get("/saude")
def saude():
    return {"estado": "ok"}

import os
import random
import socket
from urllib.parse import urlsplit

import requests
from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

USUARIOS_URL = os.environ["USUARIOS_URL"]
PEDIDOS_URL = os.environ["PEDIDOS_URL"]


def uma_replica(url):
    # A rede responde ao nome de um serviço com os endereços de todos os contêineres dele.
    partes = urlsplit(url)
    _, _, enderecos = socket.gethostbyname_ex(partes.hostname)
    return partes._replace(netloc=f"{random.choice(enderecos)}:{partes.port}").geturl()


def buscar(url, **parametros):
    resposta = requests.get(uma_replica(url), params=parametros, timeout=2)
    resposta.raise_for_status()
    return resposta.json()


@app.get("/")
def resumo():
    usuarios = buscar(f"{USUARIOS_URL}/usuarios")["usuarios"]
    pedidos = buscar(f"{PEDIDOS_URL}/pedidos")["pedidos"]
    return {
        "usuarios": [
            usuario | {"pedidos": [pedido for pedido in pedidos if pedido["usuario"] == usuario["id"]]}
            for usuario in usuarios
        ]
    }


@app.get("/usuarios")
def usuarios():
    return buscar(f"{USUARIOS_URL}/usuarios")


@app.get("/pedidos")
def pedidos():
    return buscar(f"{PEDIDOS_URL}/pedidos")


@app.get("/usuarios/<int:usuario_id>/pedidos")
def pedidos_do_usuario(usuario_id):
    usuario = buscar(f"{USUARIOS_URL}/usuarios/{usuario_id}")
    return {"usuario": usuario} | buscar(f"{PEDIDOS_URL}/pedidos", usuario=usuario_id)


@app.errorhandler(requests.HTTPError)
def repassar(erro):
    resposta = erro.response
    return resposta.content, resposta.status_code, {"Content-Type": resposta.headers["Content-Type"]}


# Sem endereço, sem conexão, sem resposta a tempo.
@app.errorhandler(OSError)
def indisponivel(_erro):
    return {"erro": "um dos serviços não respondeu"}, 503


@app.get("/saude")
def saude():
    return {"estado": "ok"}

import os

import psycopg
import redis
from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False
app.json.sort_keys = False

cache = redis.Redis(host=os.environ["REDIS_HOST"])


@app.get("/")
def visitar():
    # A libpq lê o endereço e a senha de PGHOST, PGUSER, PGPASSWORD e PGDATABASE.
    with psycopg.connect() as banco:
        banco.execute("INSERT INTO visitas DEFAULT VALUES")
        (linhas,) = banco.execute("SELECT count(*) FROM visitas").fetchone()
        # Dentro da transação: uma visita que o Redis não conta não deixa linha no banco.
        contagem = cache.incr("visitas")
    return {
        "mensagem": f"Você é a visita número {linhas}!",
        "linhas_no_postgres": linhas,
        "contagem_no_redis": contagem,
    }


@app.errorhandler(psycopg.OperationalError)
@app.errorhandler(redis.ConnectionError)
def indisponivel(_erro):
    return {"erro": "o banco de dados ou o Redis está fora do ar"}, 503


@app.get("/saude")
def saude():
    return {"estado": "ok"}

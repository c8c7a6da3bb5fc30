from flask import Flask

app = Flask(__name__)
app.json.ensure_ascii = False


@app.get("/")
def ola():
    return {"mensagem": "Olá da porta 5000!"}

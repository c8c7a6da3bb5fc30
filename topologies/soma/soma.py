import sys
from decimal import Decimal, InvalidOperation


def numero(pergunta):
    while True:
        resposta = input(pergunta)
        try:
            # Com Decimal, 0,1 + 0,2 é 0,3. As pessoas escrevem vírgula; Decimal lê ponto.
            return Decimal(resposta.strip().replace(",", "."))
        except InvalidOperation:
            print(f"“{resposta}” não é um número. Tente outra vez.")


def escrito(valor):
    return str(valor).replace(".", ",")


try:
    primeiro = numero("Primeiro número: ")
    segundo = numero("Segundo número: ")
except EOFError:
    print("\nfaltou um número")
    sys.exit(1)
except KeyboardInterrupt:
    # 130 é o código de um programa que se encerra com Ctrl-C.
    print("\ninterrompido")
    sys.exit(130)

print(f"{escrito(primeiro)} + {escrito(segundo)} = {escrito(primeiro + segundo)}")

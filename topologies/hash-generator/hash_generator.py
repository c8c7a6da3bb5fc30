import hashlib
import sys


def texto():
    if sys.stdin.isatty():
        return input("Digite um texto: ").encode()
    # O que vem por um pipe vale como vem, como no sha1sum: uma quebra de linha no fim conta também.
    return sys.stdin.buffer.read()


try:
    print(hashlib.sha1(texto()).hexdigest())
except (EOFError, KeyboardInterrupt):
    sys.exit("nenhum texto")

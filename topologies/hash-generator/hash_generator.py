import hashlib
import sys


def texto():
    if sys.stdin.isatty():
        return input("Digite um texto: ").encode()
    # A pipe is taken as it comes, as sha1sum does: a line break at its end counts too.
    return sys.stdin.buffer.read()


try:
    print(hashlib.sha1(texto()).hexdigest())
except (EOFError, KeyboardInterrupt):
    sys.exit("nenhum texto")

import random

CARROS = ["Fusca", "Opala", "Chevette", "Brasília", "Kombi", "Gurgel", "Puma", "Variant"]

print("O carro de hoje é:", random.choice(CARROS))

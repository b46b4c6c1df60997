#!/usr/bin/env python3
"""Writes and checks threshold.json: Shamir and Feldman over secp256k1, written apart from the TypeScript.

  python3 test/vectors/threshold.py          checks the committed file
  python3 test/vectors/threshold.py --write  writes it anew (deterministic)

Needs nothing but the standard library. keccak-256, which hashlib lacks, is spelled out below.
"""

import hashlib
import json
import pathlib
import sys

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
FILE = pathlib.Path(__file__).with_name("threshold.json")


def add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return (x, (slope * (a[0] - x) - a[1]) % P)


def mul(k, point):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


def compress(point):
    return "0x" + bytes([2 + (point[1] & 1)]).hex() + point[0].to_bytes(32, "big").hex()


def decompress(text):
    raw = bytes.fromhex(text[2:])
    x = int.from_bytes(raw[1:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    assert y * y % P == (x**3 + 7) % P, "not on the curve"
    return (x, y if y & 1 == raw[0] & 1 else P - y)


def keccak256(data):
    rounds = [1, 0x8082, 0x800000000000808A, 0x8000000080008000, 0x808B, 0x80000001, 0x8000000080008081,
              0x8000000000008009, 0x8A, 0x88, 0x80008009, 0x8000000A, 0x8000808B, 0x800000000000008B,
              0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x800A,
              0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008]
    mask = 2**64 - 1
    turn = lambda v, s: ((v << s) | (v >> (64 - s))) & mask if s else v
    lanes = [[0] * 5 for _ in range(5)]
    padded = bytearray(data + b"\x01" + b"\x00" * (135 - len(data) % 136))
    padded[-1] |= 0x80
    for start in range(0, len(padded), 136):
        for i in range(17):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        for constant in rounds:
            c = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
            d = [c[(x - 1) % 5] ^ turn(c[(x + 1) % 5], 1) for x in range(5)]
            lanes = [[lanes[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, lanes[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], turn(current, ((t + 1) * (t + 2) // 2) % 64)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & mask & row[(x + 2) % 5])
            lanes[0][0] ^= constant
    return b"".join(lanes[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def address(scalar):
    point = mul(scalar, G)
    plain = keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:].hex()
    digest = keccak256(plain.encode()).hex()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(plain, digest))


def scalar_from(label):
    return int.from_bytes(hashlib.sha512(label.encode()).digest(), "big") % (N - 1) + 1


def hexadecimal(value):
    return "0x" + value.to_bytes(32, "big").hex()


def interpolate(points):
    secret = 0
    for i, y in points:
        weight = 1
        for j, _ in points:
            if j != i:
                weight = weight * j * pow(j - i, -1, N) % N
        secret = (secret + y * weight) % N
    return secret


def write():
    deals = []
    shapes = [(1, 1), (1, 3), (2, 2), (2, 3), (3, 4), (3, 5), (4, 5), (5, 9), (9, 10)]
    for threshold, holders in shapes:
        label = f"publica {threshold} of {holders}"
        coefficients = [scalar_from(f"{label}, coefficient {k}") for k in range(threshold)]
        if (threshold, holders) == (2, 3):
            coefficients[0] = 1  # the smallest secret
        if (threshold, holders) == (3, 4):
            coefficients[0] = N - 1  # the largest
        shares = []
        for index in range(1, holders + 1):
            scalar = sum(c * pow(index, k, N) for k, c in enumerate(coefficients)) % N
            shares.append({"index": index, "scalar": hexadecimal(scalar), "address": address(scalar)})
        deals.append({
            "secret": hexadecimal(coefficients[0]),
            "threshold": threshold,
            "commitments": [compress(mul(c, G)) for c in coefficients],
            "shares": shares,
        })
    FILE.write_text(json.dumps({"curve": "secp256k1", "deals": deals}, indent=2) + "\n")


def check():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    deals = json.loads(FILE.read_text())["deals"]
    for vector in deals:
        commitments = [decompress(text) for text in vector["commitments"]]
        points = []
        for share in vector["shares"]:
            scalar, index = int(share["scalar"], 16), share["index"]
            expected = None
            for k, commitment in enumerate(commitments):
                expected = add(expected, mul(pow(index, k, N), commitment))
            assert mul(scalar, G) == expected, f"share {index} is off the polynomial"
            assert address(scalar) == share["address"], f"share {index} has another address"
            points.append((index, scalar))
        secret = int(vector["secret"], 16)
        assert interpolate(points[: vector["threshold"]]) == secret, "the first shares give another secret"
        assert interpolate(points[-vector["threshold"] :]) == secret, "the last shares give another secret"
        if vector["threshold"] > 1:
            assert interpolate(points[: vector["threshold"] - 1]) != secret, "too few shares are enough"
    print(f"threshold.json: {len(deals)} deals agree")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    check()

/**
 * Everything a sensor or a gateway needs, in one file without imports: Keccak-256, the EIP-712 digest of a reading,
 * deterministic signatures (RFC 6979) on secp256k1 and P-256, and when to report at all.
 *
 * The arithmetic uses BigInt and does not run in constant time: where a secure element exists, give it the digest of
 * {@link readingDigest} and pass its signature through {@link encodeSignature}.
 */

export type Hex = `0x${string}`;
export type DeviceCurve = "secp256k1" | "p256";

export interface Reading {
  readonly device: number;
  /** The device's own count; the next reading is this plus one. */
  readonly counter: number;
  /** Unix seconds by the device's clock. */
  readonly observedAt: number;
  /** In the device's own unit, a whole number. */
  readonly value: number;
}

/** A reading as the contracts take it: device, counter, observedAt and value in 32 bits each, and the signature. */
export interface SignedReading {
  readonly reading: bigint;
  readonly a: Hex;
  readonly b: Hex;
}

/** Which register, on which chain. */
export interface RegisterDomain {
  readonly chainId: number;
  readonly register: Hex;
}

// Bytes

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function fromHex(hex: string): Uint8Array {
  const digits = hex.startsWith("0x") ? hex.slice(2) : hex;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/** A whole number as a 32-byte word; negative numbers in two's complement. */
function word(value: bigint | number): Uint8Array {
  return fromHex(BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, "0"));
}

const bigintOf = (bytes: Uint8Array): bigint => BigInt(toHex(bytes));

// Keccak-256

const MASK = 0xffffffffffffffffn;
const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK;
const [ROUND_CONSTANTS, ROTATIONS, LANES] = (() => {
  const constants: bigint[] = [];
  let state = 1;
  for (let round = 0; round < 24; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if (state & 1) constant |= 1n << ((1n << BigInt(j)) - 1n);
      state = state & 0x80 ? ((state << 1) ^ 0x71) & 0xff : state << 1;
    }
    constants.push(constant);
  }
  const rotations: bigint[] = [];
  const lanes: number[] = [];
  for (let t = 0, x = 1, y = 0; t < 24; t++) {
    rotations.push(BigInt((((t + 1) * (t + 2)) / 2) % 64));
    [x, y] = [y, (2 * x + 3 * y) % 5];
    lanes.push(x + 5 * y);
  }
  return [constants, rotations, lanes] as const;
})();

export function keccak256(data: Uint8Array): Uint8Array {
  const rate = 136;
  const padded = new Uint8Array(Math.ceil((data.length + 1) / rate) * rate);
  padded.set(data);
  padded[data.length] = 0x01;
  padded[padded.length - 1] = (padded[padded.length - 1] as number) | 0x80;
  const view = new DataView(padded.buffer);
  const s = new Array<bigint>(25).fill(0n);
  for (let offset = 0; offset < padded.length; offset += rate) {
    for (let i = 0; i < rate / 8; i++) s[i] = (s[i] as bigint) ^ view.getBigUint64(offset + 8 * i, true);
    for (let round = 0; round < 24; round++) {
      const column = [0, 1, 2, 3, 4].map((x) => [0, 5, 10, 15, 20].reduce((sum, y) => sum ^ (s[x + y] as bigint), 0n));
      for (let x = 0; x < 5; x++) {
        const d = (column[(x + 4) % 5] as bigint) ^ rotl(column[(x + 1) % 5] as bigint, 1n);
        for (let y = 0; y < 25; y += 5) s[x + y] = (s[x + y] as bigint) ^ d;
      }
      let moved = s[1] as bigint;
      for (let t = 0; t < 24; t++) {
        const lane = LANES[t] as number;
        const next = s[lane] as bigint;
        s[lane] = rotl(moved, ROTATIONS[t] as bigint);
        moved = next;
      }
      for (let y = 0; y < 25; y += 5) {
        const row = s.slice(y, y + 5);
        for (let x = 0; x < 5; x++)
          s[x + y] = (row[x] as bigint) ^ (~(row[(x + 1) % 5] as bigint) & MASK & (row[(x + 2) % 5] as bigint));
      }
      s[0] = (s[0] as bigint) ^ (ROUND_CONSTANTS[round] as bigint);
    }
  }
  const result = new Uint8Array(32);
  const out = new DataView(result.buffer);
  for (let i = 0; i < 4; i++) out.setBigUint64(8 * i, s[i] as bigint, true);
  return result;
}

// SHA-256 and HMAC, for RFC 6979

const SHA_CONSTANTS = (() => {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
  return {
    k: primes.map((prime) => fraction(Math.cbrt(prime))),
    h: primes.slice(0, 8).map((p) => fraction(Math.sqrt(p))),
  };
})();

export function sha256(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(data.length) * 8n);
  const h = [...SHA_CONSTANTS.h];
  const w = new Array<number>(64).fill(0);
  const rotr = (x: number, n: number): number => (x >>> n) | (x << (32 - n));
  for (let offset = 0; offset < padded.length; offset += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(offset + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
      const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
    }
    let [a, b, c, d, e, f, g, last] = h as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
      const t1 = (last + s1 + ((e & f) ^ (~e & g)) + (SHA_CONSTANTS.k[i] as number) + (w[i] as number)) | 0;
      const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [last, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    for (const [i, value] of [a, b, c, d, e, f, g, last].entries()) h[i] = ((h[i] as number) + value) | 0;
  }
  const result = new Uint8Array(32);
  const out = new DataView(result.buffer);
  for (const [i, value] of h.entries()) out.setUint32(4 * i, value);
  return result;
}

function hmac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array {
  const block = new Uint8Array(64);
  block.set(key);
  const inner = sha256(
    concat(
      block.map((byte) => byte ^ 0x36),
      ...message,
    ),
  );
  return sha256(
    concat(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

// Elliptic curves y² = x³ + ax + b

interface CurveParameters {
  readonly p: bigint;
  readonly n: bigint;
  readonly a: bigint;
  readonly g: Point;
}
interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const CURVES: Readonly<Record<DeviceCurve, CurveParameters>> = {
  secp256k1: {
    p: 2n ** 256n - 2n ** 32n - 977n,
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    a: 0n,
    g: {
      x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
      y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
    },
  },
  p256: {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    a: -3n,
    g: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
  },
};

const mod = (x: bigint, m: bigint): bigint => ((x % m) + m) % m;

function inverse(x: bigint, m: bigint): bigint {
  let [r0, r1, t0, t1] = [m, mod(x, m), 0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1, t0, t1] = [r1, r0 - q * r1, t1, t0 - q * t1];
  }
  return mod(t0, m);
}

/** Jacobian coordinates: x = X / Z², y = Y / Z³. */
type Jacobian = readonly [bigint, bigint, bigint];

function double([x, y, z]: Jacobian, { p, a }: CurveParameters): Jacobian {
  if (y === 0n || z === 0n) return [0n, 1n, 0n];
  const yy = (y * y) % p;
  const s = (4n * x * yy) % p;
  const zz = (z * z) % p;
  const m = mod(3n * x * x + a * zz * zz, p);
  const x3 = mod(m * m - 2n * s, p);
  return [x3, mod(m * (s - x3) - 8n * yy * yy, p), (2n * y * z) % p];
}

function add(left: Jacobian, right: Point, curve: CurveParameters): Jacobian {
  const { p } = curve;
  const [x, y, z] = left;
  if (z === 0n) return [right.x, right.y, 1n];
  const zz = (z * z) % p;
  const u = (right.x * zz) % p;
  const s = (right.y * zz * z) % p;
  if (u === x) return s === y ? double(left, curve) : [0n, 1n, 0n];
  const h = mod(u - x, p);
  const r = mod(s - y, p);
  const hh = (h * h) % p;
  const hhh = (hh * h) % p;
  const v = (x * hh) % p;
  const x3 = mod(r * r - hhh - 2n * v, p);
  return [x3, mod(r * (v - x3) - y * hhh, p), (z * h) % p];
}

function multiply(scalar: bigint, curve: CurveParameters): Point {
  let result: Jacobian = [0n, 1n, 0n];
  for (let bit = 255n; bit >= 0n; bit--) {
    result = double(result, curve);
    if ((scalar >> bit) & 1n) result = add(result, curve.g, curve);
  }
  const z = inverse(result[2], curve.p);
  const zz = (z * z) % curve.p;
  return { x: (result[0] * zz) % curve.p, y: (result[1] * zz * z) % curve.p };
}

/** A raw signature: `odd` is the parity of the nonce point's y, after s was made low. */
export interface RawSignature {
  readonly r: bigint;
  readonly s: bigint;
  readonly odd: boolean;
}

/** Signs a 32-byte digest, deterministically (RFC 6979), s in the low half. */
export function signDigest(name: DeviceCurve, privateKey: Hex, digest: Hex): RawSignature {
  const curve = CURVES[name];
  const d = BigInt(privateKey);
  if (d <= 0n || d >= curve.n) throw new RangeError("the private key is not a scalar of the curve");
  const z = BigInt(digest) % curve.n;
  const seed = concat(word(d), word(z));
  let v: Uint8Array = new Uint8Array(32).fill(1);
  let k: Uint8Array = new Uint8Array(32);
  k = hmac(k, v, new Uint8Array([0]), seed);
  v = hmac(k, v);
  k = hmac(k, v, new Uint8Array([1]), seed);
  v = hmac(k, v);
  for (;;) {
    v = hmac(k, v);
    const nonce = bigintOf(v);
    if (nonce > 0n && nonce < curve.n) {
      const point = multiply(nonce, curve);
      const r = point.x % curve.n;
      const s = mod(inverse(nonce, curve.n) * (z + r * d), curve.n);
      // r is not reduced for either curve but with a chance of 2^-128, which a new nonce removes.
      if (r !== 0n && s !== 0n && point.x < curve.n) {
        const high = s > curve.n / 2n;
        return { r, s: high ? curve.n - s : s, odd: (point.y & 1n) === (high ? 0n : 1n) };
      }
    }
    k = hmac(k, v, new Uint8Array([0]));
    v = hmac(k, v);
  }
}

/** The public key of a private key. */
export function publicKey(name: DeviceCurve, privateKey: Hex): Point {
  return multiply(BigInt(privateKey), CURVES[name]);
}

/** What the register stores: for secp256k1 the account in `x`, for P-256 the point. */
export function deviceKey(name: DeviceCurve, privateKey: Hex): { curve: number; x: Hex; y: Hex } {
  const point = publicKey(name, privateKey);
  if (name === "p256") return { curve: 1, x: toHex(word(point.x)), y: toHex(word(point.y)) };
  const account = keccak256(concat(word(point.x), word(point.y))).slice(12);
  return { curve: 0, x: toHex(word(bigintOf(account))), y: toHex(word(0)) };
}

/** The two words the contracts take: r and vs (EIP-2098) for secp256k1, r and s for P-256; s is made low. */
export function encodeSignature(name: DeviceCurve, signature: RawSignature): { a: Hex; b: Hex } {
  const { n } = CURVES[name];
  const high = signature.s > n / 2n;
  const s = high ? n - signature.s : signature.s;
  const odd = high ? !signature.odd : signature.odd;
  const b = name === "secp256k1" && odd ? s | (1n << 255n) : s;
  return { a: toHex(word(signature.r)), b: toHex(word(b)) };
}

// Readings

const DOMAIN_TYPE = keccak256(
  utf8("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
);
const READING_TYPE = keccak256(
  utf8("Reading(uint32 device,uint32 counter,uint32 observedAt,int32 value,bytes8 firmware)"),
);

/** Digest of an EIP-712 struct hash under the register's domain. */
export function registerDigest(domain: RegisterDomain, structHash: Uint8Array): Hex {
  const separator = keccak256(
    concat(
      DOMAIN_TYPE,
      keccak256(utf8("Publica EquipmentRegister")),
      keccak256(utf8("1")),
      word(domain.chainId),
      word(BigInt(domain.register)),
    ),
  );
  return toHex(keccak256(concat(new Uint8Array([0x19, 0x01]), separator, structHash)));
}

/** What the device signs. `firmware` is the hash of the firmware it runs; only its first eight bytes count. */
export function readingDigest(domain: RegisterDomain, reading: Reading, firmware: Hex): Hex {
  const prefix = new Uint8Array(32);
  prefix.set(fromHex(firmware).slice(0, 8));
  return registerDigest(
    domain,
    keccak256(
      concat(
        READING_TYPE,
        word(reading.device),
        word(reading.counter),
        word(reading.observedAt),
        word(reading.value),
        prefix,
      ),
    ),
  );
}

/** The 128 bits of a reading. */
export function packReading(reading: Reading): bigint {
  const part = (value: number): bigint => BigInt.asUintN(32, BigInt(value));
  const { device, counter, observedAt, value } = reading;
  return (part(device) << 96n) | (part(counter) << 64n) | (part(observedAt) << 32n) | part(value);
}

/** The inverse of {@link packReading}. */
export function unpackReading(word: bigint): Reading {
  const part = (shift: bigint): number => Number(BigInt.asUintN(32, word >> shift));
  return { device: part(96n), counter: part(64n), observedAt: part(32n), value: Number(BigInt.asIntN(32, word)) };
}

/** Signs a reading with a key held in software. */
export function signReading(
  domain: RegisterDomain,
  reading: Reading,
  firmware: Hex,
  key: { readonly curve: DeviceCurve; readonly privateKey: Hex },
): SignedReading {
  const signature = signDigest(key.curve, key.privateKey, readingDigest(domain, reading, firmware));
  return { reading: packReading(reading), ...encodeSignature(key.curve, signature) };
}

/** Limits as the register holds them. */
export interface ReportingLimits {
  readonly low: number;
  readonly high: number;
  readonly band: number;
  readonly heartbeatGap: number;
}

/**
 * Exception-only mode: whether this value is worth a transaction. True while outside, when coming back, and when the
 * heartbeat is due; false for the rest.
 */
export function shouldReport(
  limits: ReportingLimits,
  last: { readonly observedAt: number; readonly outside: boolean },
  now: { readonly observedAt: number; readonly value: number },
): boolean {
  const outside = now.value < limits.low || now.value > limits.high;
  const back = now.value >= limits.low + limits.band && now.value <= limits.high - limits.band;
  // Half of the gap leaves room for a lost transaction.
  const due = limits.heartbeatGap !== 0 && now.observedAt - last.observedAt >= limits.heartbeatGap / 2;
  return outside || (last.outside && back) || due;
}

// Gateways

/** The word of a sweep: bit i is set when seat i is outside its limits or unheard. */
export function sweepWord(faulty: Iterable<number>): bigint {
  let result = 0n;
  for (const seat of faulty) {
    if (!Number.isInteger(seat) || seat < 0 || seat > 255) throw new RangeError(`there is no seat ${seat}`);
    result |= 1n << BigInt(seat);
  }
  return result;
}

/** Root over the readings behind a sweep: a binary Keccak tree over their digests, an odd one moves up. */
export function sweepRoot(digests: readonly Hex[]): Hex {
  let level = digests.map(fromHex);
  if (level.length === 0) return toHex(new Uint8Array(32));
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      next.push(right === undefined ? left : keccak256(concat(left, right)));
    }
    level = next;
  }
  return toHex(level[0] as Uint8Array);
}

/** The head of a gateway's chain after a change, as GatewaySweeps computes it. */
export function nextSweepHead(
  head: Hex,
  change: { readonly word: bigint; readonly changedAt: number; readonly formerHour: number },
): Hex {
  const full = keccak256(concat(fromHex(head), word(change.word), word(change.changedAt), word(change.formerHour)));
  full.fill(0, 26);
  return toHex(full);
}

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Address, bytesToHex, type Hex, hexToBytes, stringToBytes, zeroAddress } from "viem";
import type { z } from "zod";
import { bigEndian, concatBytes, fromBigEndian, type RandomBytes, secureRandom } from "../foundation/bytes.ts";
import { type EnvelopeSuite, sealEnvelope } from "../foundation/envelope/index.ts";
import { PublicaError } from "../foundation/errors.ts";
import { deal, randomScalar, type Share, shareAddress } from "../foundation/threshold/index.ts";
import {
  type ByteStream,
  cidOfDigest,
  collect,
  digestOf,
  sealVault,
  type VaultCipher,
} from "../foundation/vault/index.ts";
import { checkPlan } from "./plan.ts";
import { setupHash } from "./tree.ts";
import {
  type Manifest,
  manifestSchema,
  type Plan,
  planSchema,
  type Setup,
  termsSchema,
  type WillContext,
  type WillTerms,
} from "./types.ts";

/** A person a share is sealed for. */
export interface Recipient {
  readonly wallet: Address;
  readonly suite: EnvelopeSuite;
  readonly publicKey: Hex;
}

export interface SealWillParameters {
  readonly context: WillContext;
  /** Without heirs, guardians: these follow from the lists. */
  readonly terms: Omit<WillTerms, "heirs" | "guardians">;
  readonly heirs: readonly Recipient[];
  readonly guardians: readonly Recipient[];
  readonly executors: readonly Address[];
  /** A key that can veto besides the testator's own. */
  readonly vetoKey: Address;
  readonly plan: Plan;
  /** Any file. */
  readonly document: ByteStream;
  readonly cipher?: VaultCipher;
  /** Now, unix seconds: the plan's deadlines are checked against it. */
  readonly now: number;
  readonly random?: RandomBytes;
}

export interface SealWillReturnType {
  readonly manifest: Manifest;
  /** The sealed file. */
  readonly file: Uint8Array;
}

export type SealWillErrorType = PublicaError;

/** The content key: both locks, bound to will, version, chain and registry. Neither K_H nor K_R is ever used directly. */
export function contentKey(context: WillContext, heirKey: bigint, releaseKey: bigint): Uint8Array {
  const salt = concatBytes(
    hexToBytes(context.willId),
    bigEndian(context.version, 4),
    bigEndian(context.chainId, 32),
    hexToBytes(context.registry),
  );
  return hkdf(
    sha256,
    concatBytes(bigEndian(heirKey, 32), bigEndian(releaseKey, 32)),
    salt,
    stringToBytes("will/v1/cek"),
    32,
  );
}

/** What an envelope is bound to: will, version, chain, registry, the role, the index and the setup. */
export function envelopeInfo(context: WillContext, role: "heir" | "guardian", index: number, setup: Hex): Uint8Array {
  return concatBytes(
    stringToBytes(`publica/will/v1/${role}`),
    hexToBytes(context.willId),
    bigEndian(context.version, 4),
    bigEndian(context.chainId, 32),
    hexToBytes(context.registry),
    bigEndian(index, 1),
    hexToBytes(setup),
  );
}

/** Encrypts or decrypts the escrowed share under the third key, which only `HeirLost` frees. */
function escrowCipher(context: WillContext, escrowKey: bigint) {
  const salt = concatBytes(hexToBytes(context.willId), bigEndian(context.version, 4), bigEndian(context.chainId, 32));
  const key = hkdf(sha256, bigEndian(escrowKey, 32), salt, stringToBytes("will/v1/escrow"), 32);
  // The key is used once: a nonce of zeros is safe.
  return chacha20poly1305(key, new Uint8Array(12), hexToBytes(context.registry));
}

/** The escrowed share N+1, from its blob and the escrow key. */
export function openEscrow(context: WillContext, blob: Hex, escrowKey: bigint, index: number): Share {
  try {
    return { index, scalar: fromBigEndian(escrowCipher(context, escrowKey).decrypt(hexToBytes(blob))) };
  } catch (cause) {
    throw new PublicaError(
      "SdkEscrowRefused",
      "The escrowed share in the manifest is damaged, or of another version.",
      "Fetch the manifest of the released version again.",
      [],
      cause,
    );
  }
}

function valid<T>(parsed: z.ZodSafeParseResult<T>, code: string, what: string): T {
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PublicaError(
    code,
    `Wrong ${what} at ${issue?.path.join(".")}: ${issue?.message}.`,
    `Correct the ${what}.`,
    [issue?.path.join(".")],
  );
}

/**
 * Seals a will: deals both locks (and the escrow key), seals every share for its holder and the document under the
 * content key. The returned manifest holds no secret; the document and the keys leave memory with this call.
 */
export async function sealWill(parameters: SealWillParameters): Promise<SealWillReturnType> {
  const { context, heirs, guardians, executors, vetoKey, document, cipher, now, random = secureRandom } = parameters;
  const counted = { ...parameters.terms, heirs: heirs.length, guardians: guardians.length };
  const terms = valid(termsSchema.safeParse(counted), "SdkTermsInvalid", "terms");
  const plan = valid(planSchema.safeParse(parameters.plan), "SdkPlanInvalid", "plan");
  checkTerms(terms);
  checkPlan(plan, executors.length, now);

  const [heirKey, releaseKey, escrowKey] = [randomScalar(random), randomScalar(random), randomScalar(random)];
  const count = heirs.length;
  const heirDeal = deal({ secret: heirKey, threshold: count, holders: terms.escrow ? count + 1 : count, random });
  const guardianDeal = deal({ secret: releaseKey, threshold: terms.threshold, holders: guardians.length, random });
  const escrowDeal = terms.escrow
    ? deal({ secret: escrowKey, threshold: terms.threshold, holders: guardians.length, random })
    : { shares: [], commitments: [] };
  const escrowed = heirDeal.shares[count];

  const setup: Setup = {
    terms,
    heirs: heirs.map(({ wallet }, at) => ({ wallet, share: shareAddress((heirDeal.shares[at] as Share).scalar) })),
    guardians: guardians.map(({ wallet }, at) => ({
      wallet,
      share: shareAddress((guardianDeal.shares[at] as Share).scalar),
      escrowShare: terms.escrow ? shareAddress((escrowDeal.shares[at] as Share).scalar) : zeroAddress,
    })),
    executors: [...executors],
    vetoKey: { key: vetoKey, salt: bytesToHex(random(32)) },
    heirCommitments: [...heirDeal.commitments],
    guardianCommitments: [...guardianDeal.commitments],
    escrowCommitments: [...escrowDeal.commitments],
    escrow:
      escrowed === undefined
        ? { share: zeroAddress, blob: "0x" }
        : {
            share: shareAddress(escrowed.scalar),
            blob: bytesToHex(escrowCipher(context, escrowKey).encrypt(bigEndian(escrowed.scalar, 32))),
          },
    plan,
  };
  const binding = setupHash(setup);
  const key = contentKey(context, heirKey, releaseKey);
  const file = await collect(
    sealVault({
      contentKey: key,
      document,
      aad: hexToBytes(binding),
      random,
      ...(cipher === undefined ? {} : { cipher }),
    }),
  );
  key.fill(0);

  const ciphertextHash = bytesToHex(await digestOf([file]));
  const seal = (recipient: Recipient, role: "heir" | "guardian", at: number, ...scalars: bigint[]): Promise<Hex> =>
    sealEnvelope({
      ...recipient,
      plaintext: concatBytes(...scalars.map((scalar) => bigEndian(scalar, 32))),
      info: envelopeInfo(context, role, at + 1, binding),
    });
  const manifest: Manifest = {
    format: "publica/will/1",
    ...context,
    ...setup,
    heirs: await Promise.all(
      heirs.map(async (heir, at) => ({
        ...(setup.heirs[at] as Setup["heirs"][number]),
        suite: heir.suite,
        envelope: await seal(heir, "heir", at, (heirDeal.shares[at] as Share).scalar),
      })),
    ),
    guardians: await Promise.all(
      guardians.map(async (guardian, at) => ({
        ...(setup.guardians[at] as Setup["guardians"][number]),
        suite: guardian.suite,
        envelope: await seal(
          guardian,
          "guardian",
          at,
          (guardianDeal.shares[at] as Share).scalar,
          ...(terms.escrow ? [(escrowDeal.shares[at] as Share).scalar] : []),
        ),
      })),
    ),
    ciphertextHash,
    cid: cidOfDigest(ciphertextHash),
  };
  return { manifest: manifestSchema.parse(manifest), file };
}

/** The rules the registry enforces too, said before anything is sealed. */
function checkTerms(terms: WillTerms): void {
  const wrong =
    terms.acceptances > terms.heirs
      ? "More acceptances are asked for than there are heirs."
      : terms.threshold > terms.guardians
        ? "More guardians are needed than there are."
        : terms.escrow && terms.heirs < 2
          ? "With one heir an escrowed share alone would open the will."
          : terms.refusalCounts && !terms.escrow
            ? "Refusal can count as loss only where there is an escrowed share."
            : undefined;
  if (wrong !== undefined) throw new PublicaError("SdkTermsInvalid", wrong, "Correct the terms.");
}

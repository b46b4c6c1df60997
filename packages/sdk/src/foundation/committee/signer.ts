import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, bytesToHex, concat, type Hex, keccak256, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type RandomBytes, secureRandom } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { compactSignature } from "../feed/signers.ts";
import { encodePoint, mod } from "../threshold/field.ts";
import { type CosigningSession, type NonceCommitment, partialOf } from "./cosign.ts";
import { pointAccount, schnorrChallenge } from "./schnorr.ts";
import { committeeMember, hashPossession } from "./typedData.ts";
import type { CommitteeContext, CommitteeKey, SchnorrSignature } from "./types.ts";

/** A nonce that signs once: give its commitment to the coordinator, keep the rest. */
export interface SigningNonce {
  readonly commitment: NonceCommitment;
  /** Takes the secret out; a second time it throws, because two signatures under one nonce give the key away. */
  take(): readonly [first: bigint, second: bigint];
}

/** A member of a committee with its key. */
export interface CommitteeSigner {
  readonly key: CommitteeKey;
  readonly member: Address;
  /** Shows that the key is held, for this feed and operator only: what `enrol` takes. */
  provePossession(
    context: Pick<CommitteeContext, "chainId" | "address" | "feed">,
    operator: Address,
    random?: RandomBytes,
  ): SchnorrSignature;
  /** First round: a fresh nonce. Never store one. */
  createNonce(random?: RandomBytes): SigningNonce;
  /** Second round: this member's part of the signature. */
  cosign(session: CosigningSession, nonce: SigningNonce): bigint;
  /** The same digest by ECDSA, 64 bytes, for the case that the two rounds fail. */
  endorse(digest: Hex): Promise<Hex>;
}

/** A committee member from its private key. */
export function committeeSigner(privateKey: Hex): CommitteeSigner {
  const secret = BigInt(privateKey);
  const key = secp256k1.Point.BASE.multiply(secret).toAffine();
  const member = committeeMember(key);
  const account = privateKeyToAccount(privateKey);

  /** Randomness alone makes a nonce; the key is mixed in for the day the generator fails. */
  const scalar = (purpose: string, random: RandomBytes): bigint => {
    const hash = keccak256(concat([stringToHex(`publica/${purpose}`), privateKey, bytesToHex(random(32))]));
    return mod(BigInt(hash)) || 1n;
  };

  return {
    key,
    member,
    provePossession(context, operator, random = secureRandom) {
      const digest = hashPossession(context, key, operator);
      const k = scalar("possession", random);
      const nonce = pointAccount(secp256k1.Point.BASE.multiply(k));
      return { nonce, s: mod(k + schnorrChallenge(key, digest, nonce) * secret) };
    },
    createNonce(random = secureRandom) {
      const secrets = [scalar("nonce/1", random), scalar("nonce/2", random)] as const;
      const [first, second] = secrets.map((k) => encodePoint(secp256k1.Point.BASE.multiply(k))) as [Hex, Hex];
      let used = false;
      return {
        commitment: { first, second },
        take() {
          if (used) {
            throw new PublicaError(
              "SdkNonceReused",
              "This nonce has signed already.",
              "Begin again with a fresh nonce; a second signature under one nonce gives the private key away.",
            );
          }
          used = true;
          return secrets;
        },
      };
    },
    cosign(session, nonce) {
      const { first, second } = nonce.commitment;
      const mine = session.members.find((entry) => entry.key.x === key.x && entry.key.y === key.y);
      if (mine === undefined || mine.nonce.first !== first || mine.nonce.second !== second) {
        throw new PublicaError(
          "SdkNonceUnknown",
          "The session does not hold this member's key with this nonce.",
          "Sign only sessions made of the commitment that was given out for them.",
          [member],
        );
      }
      return partialOf(session, secret, nonce.take());
    },
    async endorse(digest) {
      return compactSignature(await account.sign({ hash: digest }));
    },
  };
}

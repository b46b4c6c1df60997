// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @notice The elliptic curve of a device key.
/// @dev `Secp256k1` keys are Ethereum accounts; `P256` keys live in secure elements, phones and TPMs.
enum Curve {
    Secp256k1,
    P256
}

/// @title DeviceSignatures
/// @notice Verifies the signature of a device (sensor, meter, controller) over a 32-byte EIP-712 digest.
/// @dev Both curves use a 64-byte signature: secp256k1 in the compact form `r ‖ vs` of EIP-2098, P-256 as `r ‖ s`.
/// High-s (malleable) forms are rejected for both. P-256 asks the precompile of EIP-7951 at 0x100 first and falls back
/// to Solidity arithmetic where the chain has none, with the same answers.
library DeviceSignatures {
    uint256 private constant SECP256K1_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice The account that signed `digest`, or zero when the signature is malformed or malleable.
    /// @param digest The EIP-712 digest.
    /// @param r First half of the EIP-2098 signature.
    /// @param vs Second half: the parity of y in the top bit, s below it.
    function recoverSecp256k1(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address signer) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            let s := shr(1, shl(1, vs))
            mstore(input, digest)
            mstore(add(input, 0x20), add(shr(255, vs), 27))
            mstore(add(input, 0x40), r)
            mstore(add(input, 0x60), s)
            mstore(0x00, 0)
            // A signature that recovers to nobody returns no bytes and leaves the zero in place.
            pop(staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
            signer := mul(mload(0x00), iszero(gt(s, SECP256K1_HALF_ORDER)))
        }
    }

    /// @notice Whether `(r, s)` is a P-256 signature of `digest` by the key `(x, y)`.
    /// @dev False, not a revert, for a key that is not on the curve and for s above half the group order.
    function verifyP256(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        return P256.verify(digest, r, s, x, y);
    }

    /// @notice Whether the pair `(a, b)` signs `digest` under the key `(curve, x, y)`.
    /// @dev A secp256k1 key is stored as its address in `x` with `y` zero.
    function verify(
        Curve curve,
        bytes32 x,
        bytes32 y,
        bytes32 digest,
        bytes32 a,
        bytes32 b
    ) internal view returns (bool) {
        if (curve == Curve.P256) return verifyP256(digest, a, b, x, y);
        address signer = recoverSecp256k1(digest, a, b);
        return signer != address(0) && uint256(x) == uint160(signer);
    }

    /// @notice Whether `(x, y)` can be a key of `curve`: a non-zero address with `y` zero, or a point on P-256.
    function isValidKey(Curve curve, bytes32 x, bytes32 y) internal pure returns (bool) {
        if (curve == Curve.P256) return P256.isValidPublicKey(x, y);
        return y == 0 && x != 0 && uint256(x) <= type(uint160).max;
    }
}

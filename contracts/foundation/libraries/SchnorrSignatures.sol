// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ShareVerifier} from "../ShareVerifier.sol";

/// @title SchnorrSignatures
/// @notice Verifies a Schnorr signature on secp256k1, of one key or of a sum of keys, for little more than an `ecrecover`.
/// @dev The signature of `digest` under the point P is (address of R, s) with s·G = R + e·P and
/// e = keccak256(x(P) ‖ parity of P ‖ digest ‖ address of R) mod n. `ecrecover` computes the address of r⁻¹·(s′·R′ − h·G):
/// with R′ = P, r = x(P), s′ = −e·x(P) and h = −s·x(P) that is the address of s·G − e·P, which must be R's.
library SchnorrSignatures {
    uint256 private constant ORDER = ShareVerifier.ORDER;

    /// @notice Whether `(nonce, s)` signs `digest` under the point `(x, y)`, which must be on the curve.
    /// @dev False for s outside 1..n−1, so that no second form of a signature passes, and for a zero nonce, which is what
    /// `ecrecover` answers when it cannot. An abscissa from n on cannot be expressed; nobody can find such a point.
    function verify(uint256 x, uint256 y, bytes32 digest, address nonce, uint256 s) internal pure returns (bool) {
        if (nonce == address(0) || s == 0 || s >= ORDER || x == 0 || x >= ORDER) return false;
        uint8 v = uint8(27 + (y & 1));
        uint256 e = uint256(keccak256(abi.encodePacked(x, v, digest, nonce))) % ORDER;
        unchecked {
            bytes32 hash = bytes32(ORDER - mulmod(s, x, ORDER));
            return ecrecover(hash, v, bytes32(x), bytes32(ORDER - mulmod(e, x, ORDER))) == nonce;
        }
    }
}

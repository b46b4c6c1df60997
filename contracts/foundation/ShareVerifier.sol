// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ShareVerifier
/// @notice Checks shares of a secret that was split by Feldman's scheme over secp256k1.
/// @dev A share is a scalar s; what is public of it is the address of s·G. `ecrecover` multiplies points: with the hash
/// zero it returns the address of r⁻¹·s′·R, so with r = x(P) and s′ = s·x(P) it is the address of s·P, for the price of
/// one signature. It runs on every EVM chain. Points of a commitment are affine; indices are small.
library ShareVerifier {
    /// @notice A point of secp256k1; both coordinates zero mean the point at infinity.
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @notice The order of the group.
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @notice The field prime.
    uint256 internal constant PRIME = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev The generator's abscissa; its ordinate is even.
    uint256 private constant GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;

    /// @notice The address of `share`·G: how the chain knows a share. Zero when `share` is not in 1..n−1.
    function shareAddress(uint256 share) internal pure returns (address) {
        if (share == 0 || share >= ORDER) return address(0);
        return ecrecover(0, 27, bytes32(GENERATOR_X), bytes32(mulmod(share, GENERATOR_X, ORDER)));
    }

    /// @notice The address of `scalar`·`point`. Zero when the point is not on the curve or the scalar not in 1..n−1.
    /// @dev Abscissae between n and the field prime cannot be expressed to `ecrecover`; nobody can find one.
    function multiplied(Point memory point, uint256 scalar) internal pure returns (address) {
        if (scalar == 0 || scalar >= ORDER || point.x >= ORDER || !isOnCurve(point)) return address(0);
        uint8 parity = point.y & 1 == 0 ? 27 : 28;
        return ecrecover(0, parity, bytes32(point.x), bytes32(mulmod(scalar, point.x, ORDER)));
    }

    /// @notice The account of a public key.
    function addressOf(Point memory point) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(point.x, point.y)))));
    }

    /// @notice Whether `point` is an affine point of secp256k1.
    function isOnCurve(Point memory point) internal pure returns (bool) {
        (uint256 x, uint256 y) = (point.x, point.y);
        if (x >= PRIME || y >= PRIME || y == 0) return false;
        return mulmod(y, y, PRIME) == addmod(mulmod(mulmod(x, x, PRIME), x, PRIME), 7, PRIME);
    }

    /// @notice Whether Σ indexᵏ·Cₖ, the point the dealer committed holder `index` to, is `hint`.
    /// @dev Horner in Jacobian coordinates; the hint saves the inversion. False when a commitment or the hint is not on
    /// the curve, when there is no commitment or the index is zero.
    /// @param commitments C₀, C₁ … of the polynomial.
    /// @param index The holder's number, 1 or more.
    /// @param hint What the caller computed off chain.
    function isCommitted(Point[] memory commitments, uint8 index, Point memory hint) internal pure returns (bool) {
        uint256 length = commitments.length;
        if (length == 0 || index == 0 || !isOnCurve(hint)) return false;
        (uint256 x, uint256 y, uint256 z) = (0, 0, 0);
        for (uint256 k = length; k > 0; --k) {
            Point memory commitment = commitments[k - 1];
            if (!isOnCurve(commitment)) return false;
            (x, y, z) = _scale(x, y, z, index);
            (x, y, z) = _addAffine(x, y, z, commitment.x, commitment.y);
        }
        if (z == 0) return false;
        uint256 zz = mulmod(z, z, PRIME);
        return mulmod(hint.x, zz, PRIME) == x && mulmod(hint.y, mulmod(zz, z, PRIME), PRIME) == y;
    }

    /// @dev `factor` times a Jacobian point, by doubling and adding from the top bit; z = 0 is infinity.
    function _scale(
        uint256 px,
        uint256 py,
        uint256 pz,
        uint256 factor
    ) private pure returns (uint256 x, uint256 y, uint256 z) {
        if (pz == 0 || factor == 1) return (px, py, pz);
        uint256 bit = 1;
        while (bit <= factor >> 1) bit <<= 1;
        (x, y, z) = (px, py, pz);
        for (bit >>= 1; bit > 0; bit >>= 1) {
            (x, y, z) = _double(x, y, z);
            if (factor & bit != 0) (x, y, z) = _add(x, y, z, px, py, pz);
        }
    }

    function _double(uint256 px, uint256 py, uint256 pz) private pure returns (uint256 x, uint256 y, uint256 z) {
        if (pz == 0) return (px, py, 0);
        uint256 yy = mulmod(py, py, PRIME);
        uint256 s = mulmod(4, mulmod(px, yy, PRIME), PRIME);
        uint256 m = mulmod(3, mulmod(px, px, PRIME), PRIME);
        x = addmod(mulmod(m, m, PRIME), PRIME - addmod(s, s, PRIME), PRIME);
        y = mulmod(m, addmod(s, PRIME - x, PRIME), PRIME);
        y = addmod(y, PRIME - mulmod(8, mulmod(yy, yy, PRIME), PRIME), PRIME);
        z = mulmod(2, mulmod(py, pz, PRIME), PRIME);
    }

    function _addAffine(
        uint256 px,
        uint256 py,
        uint256 pz,
        uint256 qx,
        uint256 qy
    ) private pure returns (uint256 x, uint256 y, uint256 z) {
        if (pz == 0) return (qx, qy, 1);
        return _add(px, py, pz, qx, qy, 1);
    }

    /// @dev Complete for what reaches it: equal points are doubled, opposite points give infinity.
    function _add(
        uint256 px,
        uint256 py,
        uint256 pz,
        uint256 qx,
        uint256 qy,
        uint256 qz
    ) private pure returns (uint256 x, uint256 y, uint256 z) {
        if (pz == 0) return (qx, qy, qz);
        uint256 h;
        uint256 r;
        uint256 u;
        uint256 s;
        {
            uint256 pzz = mulmod(pz, pz, PRIME);
            uint256 qzz = mulmod(qz, qz, PRIME);
            u = mulmod(px, qzz, PRIME);
            s = mulmod(py, mulmod(qzz, qz, PRIME), PRIME);
            h = addmod(mulmod(qx, pzz, PRIME), PRIME - u, PRIME);
            r = addmod(mulmod(qy, mulmod(pzz, pz, PRIME), PRIME), PRIME - s, PRIME);
        }
        if (h == 0) return r == 0 ? _double(px, py, pz) : (uint256(1), uint256(1), uint256(0));
        uint256 hh = mulmod(h, h, PRIME);
        u = mulmod(u, hh, PRIME);
        z = mulmod(mulmod(pz, qz, PRIME), h, PRIME);
        hh = mulmod(hh, h, PRIME);
        x = addmod(mulmod(r, r, PRIME), PRIME - addmod(hh, addmod(u, u, PRIME), PRIME), PRIME);
        y = addmod(mulmod(r, addmod(u, PRIME - x, PRIME), PRIME), PRIME - mulmod(s, hh, PRIME), PRIME);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ShareVerifier
/// @notice Checks shares of a secret that was split by Feldman's scheme over secp256k1.
/// @dev A share is a scalar s; what is public of it is the address of s·G. `ecrecover` multiplies points: with the hash
/// zero it returns the address of r⁻¹·s′·R, so with r = x(P) and s′ = s·x(P) it is the address of s·P, for the price of
/// one signature. It runs on every EVM chain. Points of a commitment are affine; indices are small.
library ShareVerifier {
    /// @notice An affine point of secp256k1.
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @dev The affine point (x/z², y/z³); z = 0 is the point at infinity.
    struct Jacobian {
        uint256 x;
        uint256 y;
        uint256 z;
    }

    /// @notice The order of the group.
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @notice The field prime.
    uint256 internal constant PRIME = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev The generator's abscissa; its ordinate is even.
    uint256 private constant GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;

    /// @notice The address of `share`·G: how the chain knows a share. Zero when `share` is not in 1..n−1.
    /// @dev ecrecover(0, 27, GENERATOR_X, share·GENERATOR_X mod n); agrees with {multiplied}, which says it plainly.
    function shareAddress(uint256 share) internal view returns (address account) {
        assembly ("memory-safe") {
            // Zero wraps around: both ends of the range in one comparison.
            if lt(sub(share, 1), sub(ORDER, 1)) {
                let free := mload(0x40)
                mstore(free, 0)
                mstore(add(free, 0x20), 27)
                mstore(add(free, 0x40), GENERATOR_X)
                mstore(add(free, 0x60), mulmod(share, GENERATOR_X, ORDER))
                // The answer takes the place of the hash; a failed call leaves its zero.
                pop(staticcall(gas(), 1, free, 0x80, free, 0x20))
                account := mload(free)
            }
        }
    }

    /// @notice The address of `scalar`·`point`. Zero when the point is not on the curve or the scalar not in 1..n−1.
    /// @dev Abscissae between n and the field prime cannot be expressed to `ecrecover`: nobody knows a scalar that leads there.
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
        Jacobian memory sum;
        for (uint256 k = length; k > 0; --k) {
            Point memory commitment = commitments[k - 1];
            if (!isOnCurve(commitment)) return false;
            sum = _add(_scale(sum, index), Jacobian(commitment.x, commitment.y, 1));
        }
        if (sum.z == 0) return false;
        uint256 zz = mulmod(sum.z, sum.z, PRIME);
        return mulmod(hint.x, zz, PRIME) == sum.x && mulmod(hint.y, mulmod(zz, sum.z, PRIME), PRIME) == sum.y;
    }

    /// @dev `factor` times a point, by doubling and adding from the top bit.
    function _scale(Jacobian memory p, uint256 factor) private pure returns (Jacobian memory result) {
        result = p;
        if (p.z == 0) return result;
        uint256 bit = 1;
        while (bit <= factor >> 1) bit <<= 1;
        for (bit >>= 1; bit > 0; bit >>= 1) {
            result = _double(result);
            if (factor & bit != 0) result = _add(result, p);
        }
    }

    /// @dev No point of secp256k1 has order two, so doubling a finite point never gives infinity.
    function _double(Jacobian memory p) private pure returns (Jacobian memory r) {
        uint256 yy = mulmod(p.y, p.y, PRIME);
        uint256 s = mulmod(4, mulmod(p.x, yy, PRIME), PRIME);
        uint256 m = mulmod(3, mulmod(p.x, p.x, PRIME), PRIME);
        r.x = addmod(mulmod(m, m, PRIME), PRIME - addmod(s, s, PRIME), PRIME);
        r.y = mulmod(m, addmod(s, PRIME - r.x, PRIME), PRIME);
        r.y = addmod(r.y, PRIME - mulmod(8, mulmod(yy, yy, PRIME), PRIME), PRIME);
        r.z = mulmod(2, mulmod(p.y, p.z, PRIME), PRIME);
    }

    /// @dev Complete: either may be infinity, equal points are doubled, opposite points give infinity.
    function _add(Jacobian memory p, Jacobian memory q) private pure returns (Jacobian memory r) {
        if (p.z == 0) return q;
        if (q.z == 0) return p;
        uint256 zz = mulmod(q.z, q.z, PRIME);
        uint256 u = mulmod(p.x, zz, PRIME);
        uint256 s = mulmod(p.y, mulmod(zz, q.z, PRIME), PRIME);
        zz = mulmod(p.z, p.z, PRIME);
        uint256 h = addmod(mulmod(q.x, zz, PRIME), PRIME - u, PRIME);
        uint256 t = addmod(mulmod(q.y, mulmod(zz, p.z, PRIME), PRIME), PRIME - s, PRIME);
        if (h == 0) return t == 0 ? _double(p) : r;
        r.z = mulmod(mulmod(p.z, q.z, PRIME), h, PRIME);
        zz = mulmod(h, h, PRIME);
        u = mulmod(u, zz, PRIME);
        h = mulmod(zz, h, PRIME);
        r.x = addmod(mulmod(t, t, PRIME), PRIME - addmod(h, addmod(u, u, PRIME), PRIME), PRIME);
        r.y = addmod(mulmod(t, addmod(u, PRIME - r.x, PRIME), PRIME), PRIME - mulmod(s, h, PRIME), PRIME);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ShareVerifier} from "../ShareVerifier.sol";

/// @notice The secp256k1 point (x/z², y/z³); z = 0 is the point at infinity.
struct Jacobian {
    uint256 x;
    uint256 y;
    uint256 z;
}

/// @title CurvePoints
/// @notice Adds public keys of secp256k1.
/// @dev Complete: no pair of points on the curve gives a wrong sum, neither equal nor opposite ones nor infinity, so that
/// no choice of keys can make a sound signature fail. Points are expected to be on the curve.
library CurvePoints {
    uint256 private constant PRIME = ShareVerifier.PRIME;

    /// @notice Adds the affine point `(x, y)` to `p`, in place.
    function add(Jacobian memory p, uint256 x, uint256 y) internal pure {
        unchecked {
            uint256 pz = p.z;
            if (pz == 0) {
                (p.x, p.y, p.z) = (x, y, 1);
                return;
            }
            uint256 px = p.x;
            uint256 py = p.y;
            uint256 t = mulmod(pz, pz, PRIME);
            uint256 h = addmod(mulmod(x, t, PRIME), PRIME - px, PRIME);
            t = addmod(mulmod(y, mulmod(t, pz, PRIME), PRIME), PRIME - py, PRIME);
            if (h == 0) {
                if (t == 0) double(p);
                else p.z = 0;
                return;
            }
            p.z = mulmod(pz, h, PRIME);
            uint256 hh = mulmod(h, h, PRIME);
            uint256 v = mulmod(px, hh, PRIME);
            hh = mulmod(hh, h, PRIME);
            px = addmod(mulmod(t, t, PRIME), PRIME - addmod(hh, addmod(v, v, PRIME), PRIME), PRIME);
            p.x = px;
            p.y = addmod(mulmod(t, addmod(v, PRIME - px, PRIME), PRIME), PRIME - mulmod(py, hh, PRIME), PRIME);
        }
    }

    /// @notice Takes the affine point `(x, y)` away from `p`, in place.
    function subtract(Jacobian memory p, uint256 x, uint256 y) internal pure {
        unchecked {
            add(p, x, PRIME - y);
        }
    }

    /// @notice Doubles `p`, in place. No point of secp256k1 has order two, so a finite point stays finite.
    function double(Jacobian memory p) internal pure {
        unchecked {
            (uint256 x, uint256 y) = (p.x, p.y);
            uint256 yy = mulmod(y, y, PRIME);
            uint256 s = mulmod(4, mulmod(x, yy, PRIME), PRIME);
            uint256 m = mulmod(3, mulmod(x, x, PRIME), PRIME);
            p.z = mulmod(2, mulmod(y, p.z, PRIME), PRIME);
            x = addmod(mulmod(m, m, PRIME), PRIME - addmod(s, s, PRIME), PRIME);
            p.x = x;
            y = mulmod(m, addmod(s, PRIME - x, PRIME), PRIME);
            p.y = addmod(y, PRIME - mulmod(8, mulmod(yy, yy, PRIME), PRIME), PRIME);
        }
    }

    /// @notice The affine coordinates of `p`, whose z has the inverse `inverse`; `(0, 0)` when it is another number's.
    /// @dev An inversion costs thousands of gas, checking one a multiplication: let the caller bring it.
    function toAffine(Jacobian memory p, uint256 inverse) internal pure returns (uint256 x, uint256 y) {
        if (mulmod(p.z, inverse, PRIME) != 1) return (0, 0);
        uint256 square = mulmod(inverse, inverse, PRIME);
        return (mulmod(p.x, square, PRIME), mulmod(p.y, mulmod(square, inverse, PRIME), PRIME));
    }

    /// @notice The affine coordinates of `p`; `(0, 0)` at infinity.
    function toAffine(Jacobian memory p) internal view returns (uint256 x, uint256 y) {
        return toAffine(p, Math.invModPrime(p.z, PRIME));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {ShareVerifier} from "../../contracts/foundation/ShareVerifier.sol";

contract ShareVerifierTest is Test {
    uint256 private constant N = ShareVerifier.ORDER;
    uint256 private constant P = ShareVerifier.PRIME;
    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// @dev The plain twin: affine arithmetic with inversions, by the book.
    function plainAdd(uint256 x1, uint256 y1, uint256 x2, uint256 y2) private view returns (uint256 x, uint256 y) {
        if (x1 == 0 && y1 == 0) return (x2, y2);
        if (x2 == 0 && y2 == 0) return (x1, y1);
        uint256 slope;
        if (x1 == x2) {
            if (y1 != y2) return (0, 0);
            slope = mulmod(mulmod(3, mulmod(x1, x1, P), P), power(addmod(y1, y1, P), P - 2), P);
        } else {
            slope = mulmod(addmod(y2, P - y1, P), power(addmod(x2, P - x1, P), P - 2), P);
        }
        x = addmod(mulmod(slope, slope, P), addmod(P - x1, P - x2, P), P);
        y = addmod(mulmod(slope, addmod(x1, P - x, P), P), P - y1, P);
    }

    function plainMul(uint256 k, uint256 px, uint256 py) private view returns (uint256 x, uint256 y) {
        for (; k > 0; k >>= 1) {
            if (k & 1 == 1) (x, y) = plainAdd(x, y, px, py);
            (px, py) = plainAdd(px, py, px, py);
        }
    }

    /// @dev By the modular exponentiation of EIP-198, so that thousands of runs take seconds.
    function power(uint256 base, uint256 exponent) private view returns (uint256) {
        (, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, P));
        return abi.decode(answer, (uint256));
    }

    function point(uint256 k) private view returns (ShareVerifier.Point memory) {
        (uint256 x, uint256 y) = plainMul(k, GX, GY);
        return ShareVerifier.Point(x, y);
    }

    function testFuzz_shareAddressIsTheAccountOfTheKey(uint256 share) external view {
        share = bound(share, 1, N - 1);
        assertEq(ShareVerifier.shareAddress(share), vm.addr(share), "s times G");
    }

    function test_sharesOutOfRangeHaveNoAddress() external view {
        assertEq(ShareVerifier.shareAddress(0), address(0), "zero");
        assertEq(ShareVerifier.shareAddress(N), address(0), "the order");
        assertEq(ShareVerifier.shareAddress(type(uint256).max), address(0), "above the order");
        assertEq(ShareVerifier.shareAddress(N - 1), vm.addr(N - 1), "the last one");
    }

    function testFuzz_multipliedAgreesWithPlainArithmetic(uint256 base, uint256 scalar) external view {
        base = bound(base, 1, N - 1);
        scalar = bound(scalar, 1, N - 1);
        assertEq(ShareVerifier.multiplied(point(base), scalar), vm.addr(mulmod(base, scalar, N)), "scalar times point");
    }

    function test_multipliedRefusesWhatIsNoPointOrNoScalar() external pure {
        ShareVerifier.Point memory g = ShareVerifier.Point(GX, GY);
        assertEq(ShareVerifier.multiplied(g, 0), address(0), "zero scalar");
        assertEq(ShareVerifier.multiplied(g, N), address(0), "scalar of the order");
        assertEq(ShareVerifier.multiplied(ShareVerifier.Point(GX, GY + 1), 5), address(0), "off the curve");
        assertEq(ShareVerifier.multiplied(ShareVerifier.Point(P, GY), 5), address(0), "abscissa too large");
        assertEq(ShareVerifier.multiplied(ShareVerifier.Point(GX, P - GY), 5), vm.addr(N - 5), "odd ordinate");
    }

    function testFuzz_multipliedRefusesScalarsFromTheOrderOn(uint256 scalar) external pure {
        scalar = bound(scalar, N, type(uint256).max);
        ShareVerifier.Point memory g = ShareVerifier.Point(GX, GY);
        assertEq(ShareVerifier.multiplied(g, scalar), address(0), "no second name for a scalar");
    }

    function testFuzz_committedPointIsAcceptedAndAnyOtherIsNot(uint256 seed, uint8 index, uint8 length) external view {
        length = uint8(bound(length, 1, 4));
        index = uint8(bound(index, 1, 255));
        ShareVerifier.Point[] memory commitments = new ShareVerifier.Point[](length);
        uint256 value = 0;
        uint256 factor = 1;
        for (uint256 k = 0; k < length; ++k) {
            uint256 coefficient = bound(uint256(keccak256(abi.encode(seed, k))), 1, N - 1);
            commitments[k] = point(coefficient);
            value = addmod(value, mulmod(coefficient, factor, N), N);
            factor = mulmod(factor, index, N);
        }
        vm.assume(value != 0);
        ShareVerifier.Point memory hint = point(value);
        assertTrue(ShareVerifier.isCommitted(commitments, index, hint), "the committed point");
        assertEq(ShareVerifier.addressOf(hint), vm.addr(value), "its account");
        (uint256 x, uint256 y) = plainAdd(hint.x, hint.y, GX, GY);
        assertFalse(ShareVerifier.isCommitted(commitments, index, ShareVerifier.Point(x, y)), "another");
        hint.y = P - hint.y;
        assertFalse(ShareVerifier.isCommitted(commitments, index, hint), "its negative");
    }

    function test_equalAndOppositePointsInTheSum() external view {
        // 1·C₁ + C₀ with C₀ = C₁ doubles; with C₀ = −C₁ it is infinity, which no hint expresses.
        ShareVerifier.Point[] memory commitments = new ShareVerifier.Point[](2);
        commitments[0] = point(7);
        commitments[1] = point(7);
        assertTrue(ShareVerifier.isCommitted(commitments, 1, point(14)), "equal points");
        commitments[0] = point(N - 7);
        assertFalse(ShareVerifier.isCommitted(commitments, 1, point(14)), "opposite points");
        // −14 + 2·7: infinity within, then a third commitment follows.
        ShareVerifier.Point[] memory three = new ShareVerifier.Point[](3);
        three[0] = point(5);
        three[1] = point(N - 14);
        three[2] = point(7);
        assertTrue(ShareVerifier.isCommitted(three, 2, point(5)), "infinity on the way");
    }

    // Points with a coordinate small enough that adding the prime to it still fits a word.
    function test_aPointHasOneFormOnly() external pure {
        uint256 y = 0x4218F20AE6C646B363DB68605822FB14264CA8D2587FDD6FBC750D587E76A7EE;
        assertTrue(ShareVerifier.isOnCurve(ShareVerifier.Point(1, y)), "abscissa one");
        assertFalse(ShareVerifier.isOnCurve(ShareVerifier.Point(P + 1, y)), "and once more");
        uint256 x = 0x1FE1E5EF3FCEB5C135AB7741333CE5A6E80D68167653F6B2B24BCBCFAAAFF507;
        assertTrue(ShareVerifier.isOnCurve(ShareVerifier.Point(x, 1)), "ordinate one");
        assertFalse(ShareVerifier.isOnCurve(ShareVerifier.Point(x, P + 1)), "and once more");
    }

    function test_nothingIsCommittedByBadInput() external pure {
        ShareVerifier.Point[] memory none = new ShareVerifier.Point[](0);
        ShareVerifier.Point memory g = ShareVerifier.Point(GX, GY);
        assertFalse(ShareVerifier.isCommitted(none, 1, g), "no commitment");
        ShareVerifier.Point[] memory one = new ShareVerifier.Point[](1);
        one[0] = g;
        assertTrue(ShareVerifier.isCommitted(one, 9, g), "a constant");
        assertFalse(ShareVerifier.isCommitted(one, 0, g), "index zero");
        assertFalse(ShareVerifier.isCommitted(one, 1, ShareVerifier.Point(GX, GY + 1)), "hint off the curve");
        one[0] = ShareVerifier.Point(GX, GY + 1);
        assertFalse(ShareVerifier.isCommitted(one, 1, g), "commitment off the curve");
        // Two points off the curve whose sum, by the formulas of addition alone, is the generator.
        ShareVerifier.Point[] memory two = new ShareVerifier.Point[](2);
        two[0] = ShareVerifier.Point(
            0xC0376D7F6B369180FE9275E96E459361AF63CE468B57161CB345E200C2994ACF,
            0xA74464FDC84369D6F158EAD052D80D9D5D7D9E22E00C12AEF538320E32B7F74E
        );
        two[1] = ShareVerifier.Point(5, 9);
        assertFalse(ShareVerifier.isCommitted(two, 1, g), "commitments off the curve that add up");
        assertFalse(ShareVerifier.isOnCurve(ShareVerifier.Point(0, 0)), "zero");
        assertFalse(ShareVerifier.isOnCurve(ShareVerifier.Point(P, GY)), "x too large");
        assertFalse(ShareVerifier.isOnCurve(ShareVerifier.Point(GX, P)), "y too large");
    }
}

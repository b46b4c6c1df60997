// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommitteeKey} from "../interfaces/IAttestedFeed.sol";
import {CurvePoints, Jacobian} from "./CurvePoints.sol";
import {SensorSets, SetTraits} from "./SensorSets.sol";

/// @title CommitteeSets
/// @notice A committee's keys and their sum as the code of a data contract, stored and found as `SensorSets` does.
/// @dev Layout, in 32-byte words:
///
///     word 0, 1     as in SensorSets; word 0 also bits 96–103 members not slashed
///     word 2, 3     x and y of the sum of their keys; zero when they cancel or there are none
///     word 4        bit i: member i is not slashed
///     then          x and y of each member; zero when slashed
library CommitteeSets {
    uint256 private constant SUM = 64;
    uint256 private constant ALIVE = 128;
    uint256 private constant HEADER = 160;
    uint256 private constant ROW = 64;
    uint256 private constant COUNT_SHIFT = 96;

    /// @notice The set with these traits and keys, which are points of the curve.
    function encode(SetTraits memory traits, CommitteeKey[] memory keys) internal view returns (bytes memory set) {
        uint256 n = keys.length;
        set = new bytes(HEADER + ROW * n);
        SensorSets.setWord(set, 0, SensorSets.packTraits(traits, n));
        SensorSets.setWord(set, 32, SensorSets.packRange(traits));
        for (uint256 i = 0; i < n; ++i) {
            SensorSets.setWord(set, HEADER + ROW * i, keys[i].x);
            SensorSets.setWord(set, HEADER + ROW * i + 32, keys[i].y);
        }
        _sum(set);
    }

    /// @notice Blanks, in memory, the members of the bitmap, and adds the rest up anew.
    function remove(bytes memory set, uint256 members) internal view {
        uint256 n = SensorSets.sizeOf(set);
        for (uint256 i = 0; i < n; ++i) {
            if (members & (1 << i) == 0) continue;
            SensorSets.setWord(set, HEADER + ROW * i, 0);
            SensorSets.setWord(set, HEADER + ROW * i + 32, 0);
        }
        _sum(set);
    }

    /// @notice The key of member `index`, which the set must have; zero when slashed.
    function keyAt(bytes memory set, uint256 index) internal pure returns (uint256 x, uint256 y) {
        unchecked {
            uint256 row = HEADER + ROW * index;
            return (SensorSets.wordAt(set, row), SensorSets.wordAt(set, row + 32));
        }
    }

    /// @notice All keys by index.
    function keysOf(bytes memory set) internal pure returns (CommitteeKey[] memory keys) {
        keys = new CommitteeKey[](SensorSets.sizeOf(set));
        for (uint256 i = 0; i < keys.length; ++i) (keys[i].x, keys[i].y) = keyAt(set, i);
    }

    /// @notice The sum of the keys of all members not slashed; zero when it is no point.
    function sumOf(bytes memory set) internal pure returns (uint256 x, uint256 y) {
        return (SensorSets.wordAt(set, SUM), SensorSets.wordAt(set, SUM + 32));
    }

    /// @notice As `sumOf`, to subtract from.
    function jacobianOf(bytes memory set) internal pure returns (Jacobian memory sum) {
        (sum.x, sum.y) = sumOf(set);
        if (sum.x != 0) sum.z = 1;
    }

    /// @notice The members not slashed, as a bitmap.
    function aliveIn(bytes memory set) internal pure returns (uint256) {
        return SensorSets.wordAt(set, ALIVE);
    }

    /// @notice How many members are not slashed.
    function countOf(bytes memory set) internal pure returns (uint256) {
        return (SensorSets.wordAt(set, 0) >> COUNT_SHIFT) & 0xff;
    }

    /// @notice The account of a key, by which its member is known; of a blank row the zero address.
    function memberOf(uint256 x, uint256 y) internal pure returns (address) {
        return x == 0 ? address(0) : address(uint160(uint256(keccak256(abi.encode(x, y)))));
    }

    /// @notice Whether the member serves in the set.
    function has(bytes memory set, address member) internal pure returns (bool) {
        uint256 n = SensorSets.sizeOf(set);
        for (uint256 i = 0; i < n; ++i) {
            (uint256 x, uint256 y) = keyAt(set, i);
            if (memberOf(x, y) == member) return true;
        }
        return false;
    }

    /// @dev Writes sum, bitmap and count of the rows that are not blank.
    function _sum(bytes memory set) private view {
        uint256 n = SensorSets.sizeOf(set);
        uint256 alive = 0;
        uint256 count = 0;
        Jacobian memory sum;
        for (uint256 i = 0; i < n; ++i) {
            (uint256 x, uint256 y) = keyAt(set, i);
            if (x == 0) continue;
            CurvePoints.add(sum, x, y);
            alive |= 1 << i;
            ++count;
        }
        (uint256 sumX, uint256 sumY) = CurvePoints.toAffine(sum);
        SensorSets.setWord(set, SUM, sumX);
        SensorSets.setWord(set, SUM + 32, sumY);
        SensorSets.setWord(set, ALIVE, alive);
        uint256 head = SensorSets.wordAt(set, 0) & ~(uint256(0xff) << COUNT_SHIFT);
        SensorSets.setWord(set, 0, head | (count << COUNT_SHIFT));
    }
}

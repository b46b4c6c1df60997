// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What the deviations of one slot in one zone add up to, and how they are settled.
struct DeviationCell {
    /// @notice Paid for and by netted energy; meaningless when nothing is netted.
    int256 price;
    int256 longPrice;
    int256 shortPrice;
    uint256 longWh;
    uint256 shortWh;
    /// @notice Energy netted between longs and shorts.
    uint256 nettedWh;
}

/// @title MeterValues
/// @notice Loops over the 96 packed values of a meter-day and over deviations from contracted positions.
/// @dev Eight values fill a word; they are settled as two halves of four lanes of 64 bits, the even slots and the odd ones,
/// the first slot topmost. A zone's lanes are six words a half, twelve a group of eight slots:
///   sum of the surpluses │ sum of all deviations + 2^33 each │ rate of surpluses + 2^24 │ rate of shortages + 2^24 │
///   all bits where surpluses are shared │ all bits where shortages are.
/// The rates' lanes are reversed, because the product of two words of lanes then holds in its topmost lane the sum of the
/// four products. No lane overflows: deviations have 33 bits, rates 25 and an account's four products 60. The side
/// of a slot whose energy is netted only in part shares by telescoping floors; it keeps four words a slot ("shares"):
///   run × netted mod total, the floor's remainder │ netted │ total │ what a netted Wh is worth beyond the rate.
library MeterValues {
    uint256 internal constant DAY_SLOTS = 96;
    uint256 internal constant DAY_BYTES = 384;
    uint256 internal constant GROUP = 8;
    uint256 internal constant HALF_BYTES = 0xc0;
    uint256 internal constant GROUP_BYTES = 0x180;
    uint256 internal constant SHARE_BYTES = 0x80;
    /// @dev One in each lane; and the bits that make a lane of a value's 32.
    uint256 private constant ONE = 0x1000000000000000100000000000000010000000000000001;
    uint256 private constant VALUE = 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    /// @dev Added to rates, so that none is negative; what it earns too much is taken off at the end.
    int256 private constant RATE_BIAS = 1 << 24;
    /// @dev Sign bits of eight int32: flipped, they make the value + 2^31.
    uint256 private constant SIGNS = 0x8000000080000000800000008000000080000000800000008000000080000000;

    /// @notice The first value whose magnitude exceeds `capWh`; index 96 when none does.
    function firstOver(bytes calldata values, uint256 capWh) internal pure returns (uint256 index, int256 valueWh) {
        assembly ("memory-safe") {
            for {} lt(index, 96) {
                index := add(index, 1)
            } {
                valueWh := sar(224, calldataload(add(values.offset, shl(2, index))))
                // |value| > cap, without a branch for the sign.
                let sign := sar(255, valueWh)
                if gt(sub(xor(valueWh, sign), sign), capWh) {
                    break
                }
            }
        }
    }

    /// @notice The plain twin of `firstOver`.
    function firstOverPlain(
        bytes calldata values,
        uint256 capWh
    ) internal pure returns (uint256 index, int256 valueWh) {
        for (; index < DAY_SLOTS; ++index) {
            valueWh = int32(uint32(bytes4(values[index * 4:index * 4 + 4])));
            if ((valueWh < 0 ? uint256(-valueWh) : uint256(valueWh)) > capWh) break;
        }
    }

    /// @notice The digest of the day at `pointer` in calldata, as the registry stores it.
    function digest(uint256 pointer) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, pointer, 384)
            hash := and(keccak256(free, 384), not(0xffffffff))
        }
    }

    /// @notice Fresh memory for lanes or shares.
    function zeros(uint256 length) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore(0x40, add(place, length))
            calldatacopy(place, calldatasize(), length)
        }
    }

    /// @notice Bytes of one zone's lanes.
    function size(uint256 count) internal pure returns (uint256) {
        unchecked {
            return ((count + GROUP - 1) / GROUP) * GROUP_BYTES;
        }
    }

    /// @notice Bytes of one zone's shares.
    function sharesSize(uint256 count) internal pure returns (uint256) {
        unchecked {
            return ((count + GROUP - 1) / GROUP) * GROUP * SHARE_BYTES;
        }
    }

    /// @notice Where a slot's share lies among its zone's: half after half, as the lanes.
    function shareAt(uint256 shares, uint256 t) internal pure returns (uint256) {
        unchecked {
            return shares + ((t & ~uint256(7)) + (t % 2) * 4 + (t % GROUP) / 2) * SHARE_BYTES;
        }
    }

    /// @notice Adds metered - contracted of one account, `count` slots, to a zone's lanes.
    /// @param metered Where in calldata the metered values begin.
    /// @param contracted Where in memory the positions begin.
    /// @return deviations Where in memory `pay` finds them: a word each half, + 2^33 in each lane.
    function deviate(
        uint256 lanes,
        uint256 count,
        uint256 metered,
        uint256 contracted
    ) internal pure returns (uint256 deviations) {
        assembly ("memory-safe") {
            deviations := mload(0x40)
            let place := deviations
            for {} count {} {
                let values := calldataload(metered)
                let positions := mload(contracted)
                switch lt(count, 8)
                case 1 {
                    let spare := shl(5, sub(8, count))
                    values := shl(spare, shr(spare, values))
                    positions := shl(spare, shr(spare, positions))
                    count := 0
                }
                default {
                    count := sub(count, 8)
                }
                values := xor(values, SIGNS)
                positions := xor(positions, SIGNS)
                // The even slots, then the odd ones.
                let deviation := add(and(shr(32, values), VALUE), mul(ONE, 0x200000000))
                deviation := sub(deviation, and(shr(32, positions), VALUE))
                mstore(place, deviation)
                let surplus := and(deviation, mul(and(shr(33, deviation), ONE), 0x1ffffffff))
                mstore(lanes, add(mload(lanes), surplus))
                lanes := add(lanes, 0x20)
                mstore(lanes, add(mload(lanes), deviation))
                lanes := add(lanes, 0xa0)
                deviation := sub(add(and(values, VALUE), mul(ONE, 0x200000000)), and(positions, VALUE))
                mstore(add(place, 0x20), deviation)
                surplus := and(deviation, mul(and(shr(33, deviation), ONE), 0x1ffffffff))
                mstore(lanes, add(mload(lanes), surplus))
                lanes := add(lanes, 0x20)
                mstore(lanes, add(mload(lanes), deviation))
                lanes := add(lanes, 0xa0)
                place := add(place, 0x40)
                metered := add(metered, 0x20)
                contracted := add(contracted, 0x20)
            }
            mstore(0x40, place)
        }
    }

    /// @notice Totals of a slot, from the lanes of `accounts` accounts.
    function totals(
        uint256 lanes,
        uint256 t,
        uint256 accounts
    ) internal pure returns (uint256 longWh, uint256 shortWh) {
        unchecked {
            uint256 half = _half(lanes, t);
            uint256 shift = _shift(t);
            uint256 all;
            assembly ("memory-safe") {
                longWh := and(shr(shift, mload(half)), 0xffffffffffffffff)
                all := and(shr(shift, mload(add(half, 0x20))), 0xffffffffffffffff)
            }
            shortWh = longWh + accounts * (1 << 33) - all;
        }
    }

    /// @notice Sets how `pay` settles slot `t`, from the cell's prices, totals and netted energy.
    /// @param before Sums of the accounts served before, as `packSums` packs them.
    function rate(uint256 lanes, uint256 shares, uint256 t, DeviationCell memory cell, uint256 before) internal pure {
        unchecked {
            uint256 half = _half(lanes, t);
            // Where a side is netted in full, or nothing is, one rate is enough.
            bool longShared = cell.nettedWh != 0 && cell.nettedWh != cell.longWh;
            bool shortShared = cell.nettedWh != 0 && cell.nettedWh != cell.shortWh;
            int256 long = cell.nettedWh != 0 && !longShared ? cell.price : cell.longPrice;
            int256 short = cell.nettedWh != 0 && !shortShared ? cell.price : cell.shortPrice;
            _put(half + 0x40, 192 - _shift(t), uint256(long + RATE_BIAS));
            _put(half + 0x60, 192 - _shift(t), uint256(short + RATE_BIAS));
            if (!longShared && !shortShared) return;
            _put(half + (longShared ? 0x80 : 0xa0), _shift(t), 0x3ffffffff);
            uint256 total = longShared ? cell.longWh : cell.shortWh;
            int256 worth = longShared ? cell.price - cell.longPrice : cell.shortPrice - cell.price;
            uint256 netted = cell.nettedWh;
            before = longShared ? before >> 128 : uint128(before);
            uint256 share = shareAt(shares, t);
            assembly ("memory-safe") {
                mstore(share, mod(mul(before, netted), total))
                mstore(add(share, 0x20), netted)
                mstore(add(share, 0x40), total)
                mstore(add(share, 0x60), worth)
            }
        }
    }

    /// @notice The cells' sums added to those given (nothing: zero), surplus 128 | shortage 128 each.
    function packSums(DeviationCell[] memory cells, bytes calldata before) internal pure returns (bytes memory sums) {
        sums = new bytes(cells.length * 32);
        for (uint256 i = 0; i < cells.length; ++i) {
            uint256 word = before.length == 0 ? 0 : uint256(bytes32(before[32 * i:32 * i + 32]));
            word += (cells[i].longWh << 128) | cells[i].shortWh;
            assembly ("memory-safe") {
                mstore(add(add(sums, 0x20), shl(5, i)), word)
            }
        }
    }

    /// @notice Sets the cells' sums to what `packSums` packed.
    function unpackSums(DeviationCell[] memory cells, bytes calldata sums) internal pure {
        for (uint256 i = 0; i < cells.length; ++i) {
            uint256 word = uint256(bytes32(sums[32 * i:32 * i + 32]));
            (cells[i].longWh, cells[i].shortWh) = (word >> 128, uint128(word));
        }
    }

    /// @notice Settles one account's deviations. `settle` is its plain twin.
    /// @param shares The zone's shares; call in the order of accounts.
    /// @param deviations What `deviate` returned.
    /// @return moneyMicro What the account receives (positive) or pays (negative).
    /// @return outsideWh Deviation outside the dead-band, summed over the slots.
    function pay(
        uint256 lanes,
        uint256 shares,
        uint256 count,
        uint256 deviations,
        uint256 deadBandWh
    ) internal pure returns (int256 moneyMicro, uint256 outsideWh) {
        assembly ("memory-safe") {
            function share4(share, shared) -> money {
                let energy := shr(192, shared)
                let total
                if energy {
                    total := mload(add(share, 0x40))
                    energy := add(mul(energy, mload(add(share, 0x20))), mload(share))
                    money := div(energy, total)
                    mstore(share, sub(energy, mul(money, total)))
                    money := mul(money, mload(add(share, 0x60)))
                }
                energy := and(shr(128, shared), 0xffffffffffffffff)
                if energy {
                    total := mload(add(share, 0xc0))
                    energy := add(mul(energy, mload(add(share, 0xa0))), mload(add(share, 0x80)))
                    let given := div(energy, total)
                    mstore(add(share, 0x80), sub(energy, mul(given, total)))
                    money := add(money, mul(given, mload(add(share, 0xe0))))
                }
                energy := and(shr(64, shared), 0xffffffffffffffff)
                if energy {
                    total := mload(add(share, 0x140))
                    energy := add(mul(energy, mload(add(share, 0x120))), mload(add(share, 0x100)))
                    let given := div(energy, total)
                    mstore(add(share, 0x100), sub(energy, mul(given, total)))
                    money := add(money, mul(given, mload(add(share, 0x160))))
                }
                energy := and(shared, 0xffffffffffffffff)
                if energy {
                    total := mload(add(share, 0x1c0))
                    energy := add(mul(energy, mload(add(share, 0x1a0))), mload(add(share, 0x180)))
                    let given := div(energy, total)
                    mstore(add(share, 0x180), sub(energy, mul(given, total)))
                    money := add(money, mul(given, mload(add(share, 0x1e0))))
                }
            }
            count := shr(3, add(count, 7))
            // What the rates' bias would earn on eight lanes of 2^33 in each group, which the end takes off.
            moneyMicro := shl(60, count)
            count := add(deviations, shl(6, count))
            // 2^34 - the band in each lane.
            deadBandWh := mul(ONE, sub(0x400000000, deadBandWh))
            let sums := 0
            for {} lt(deviations, count) {
                deviations := add(deviations, 0x20)
                lanes := add(lanes, 0xc0)
                shares := add(shares, 0x200)
            } {
                let deviation := mload(deviations)
                sums := add(sums, deviation)
                let surplus := and(deviation, mul(and(shr(33, deviation), ONE), 0x1ffffffff))
                let shortage := add(sub(surplus, deviation), mul(ONE, 0x200000000))
                moneyMicro := add(moneyMicro, shr(192, mul(surplus, mload(add(lanes, 0x40)))))
                moneyMicro := sub(moneyMicro, shr(192, mul(shortage, mload(add(lanes, 0x60)))))
                // Bit 34 of the sum says whether the deviation leaves the band.
                deviation := add(add(surplus, shortage), deadBandWh)
                outsideWh := add(outsideWh, and(deviation, mul(and(shr(34, deviation), ONE), 0x3ffffffff)))
                deviation := add(and(surplus, mload(add(lanes, 0x80))), and(shortage, mload(add(lanes, 0xa0))))
                if deviation {
                    moneyMicro := add(moneyMicro, share4(shares, deviation))
                }
            }
            outsideWh := shr(192, mul(outsideWh, ONE))
            moneyMicro := sub(moneyMicro, shl(24, shr(192, mul(sums, ONE))))
        }
    }

    function _half(uint256 lanes, uint256 t) private pure returns (uint256) {
        unchecked {
            return lanes + (t / GROUP) * GROUP_BYTES + (t % 2) * HALF_BYTES;
        }
    }

    /// @dev Where in its half's words the lane of slot `t` begins.
    function _shift(uint256 t) private pure returns (uint256) {
        unchecked {
            return 192 - 64 * ((t % GROUP) / 2);
        }
    }

    function _put(uint256 place, uint256 shift, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(place, or(mload(place), shl(shift, value)))
        }
    }

    /// @notice Adds one deviation to its cell: the plain twin of `deviate`.
    function add(DeviationCell memory cell, int256 deviationWh) internal pure {
        unchecked {
            if (deviationWh > 0) cell.longWh += uint256(deviationWh);
            else cell.shortWh += uint256(-deviationWh);
        }
    }

    /// @notice Settles one deviation; the plain twin of `pay`, which it may take turns with: both keep the remainder in `share`.
    /// @return moneyMicro What the account receives (positive) or pays (negative).
    function settle(
        DeviationCell memory cell,
        uint256 share,
        int256 deviationWh
    ) internal pure returns (int256 moneyMicro) {
        unchecked {
            if (deviationWh == 0) return 0;
            bool isLong = deviationWh > 0;
            uint256 energy = isLong ? uint256(deviationWh) : uint256(-deviationWh);
            uint256 total = isLong ? cell.longWh : cell.shortWh;
            uint256 netted = cell.nettedWh == total ? energy : 0;
            if (cell.nettedWh != 0 && cell.nettedWh != total) netted = _share(share, energy, cell.nettedWh, total);
            int256 rest = int256(energy - netted) * (isLong ? cell.longPrice : cell.shortPrice);
            moneyMicro = rest + int256(netted) * cell.price;
            if (!isLong) moneyMicro = -moneyMicro;
        }
    }

    /// @notice The part of a deviation outside the dead-band.
    function outside(int256 deviationWh, uint256 deadBandWh) internal pure returns (uint256) {
        unchecked {
            uint256 energy = deviationWh < 0 ? uint256(-deviationWh) : uint256(deviationWh);
            return energy > deadBandWh ? energy - deadBandWh : 0;
        }
    }

    function _share(uint256 share, uint256 width, uint256 given, uint256 total) private pure returns (uint256 netted) {
        unchecked {
            uint256 run;
            assembly ("memory-safe") {
                run := mload(share)
            }
            run += width * given;
            netted = run / total;
            run %= total;
            assembly ("memory-safe") {
                mstore(share, run)
            }
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cell, UniformPrice} from "./UniformPrice.sol";

/// @title StepLanes
/// @notice The two hot loops of a settlement, over an order's packed steps: five steps, 48 bits each, fill one word, so
/// each instruction counts or serves five quarters of an hour at once.
/// @dev A step is side 1 bit (1 = offer) ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits; zero energy is no order.
/// The first step of a group stands in the topmost lane. A zone's lanes are seven words a group:
///   2^20 - price key, which turns "key ≥ price" into bit 20 of a sum │ demand above │ supply below │ demand at │
///   supply at │ price where positive, lanes reversed │ minus price where negative, lanes reversed.
/// Reversed, because the product of two words of lanes then holds in its topmost lane the sum of the five products.
/// No lane can overflow: energies have 31 bits and prices 14, five of their products 48, and a sum of energies reaches 48
/// bits only with 2^17 orders in one slot, which `EnergyExchange` refuses.
/// Assembly because this runs once per order and slot; `UniformPrice.add` and `.take` are the plain twins it is fuzzed
/// against. Nothing here writes outside the lanes, the cells and the caller's buffer.
library StepLanes {
    uint256 internal constant GROUP = 5;
    uint256 internal constant GROUP_BYTES = 0xe0;
    /// @dev One in each lane.
    uint256 private constant ONE = 0x1000000000001000000000001000000000001000000000001;
    uint256 private constant LANE = 0xffffffffffff;
    /// @dev Most steps one lane can sum.
    uint256 internal constant CAPACITY = 1 << 17;

    /// @notice Bytes of one zone's lanes.
    function size(uint256 count) internal pure returns (uint256) {
        unchecked {
            return ((count + GROUP - 1) / GROUP) * GROUP_BYTES;
        }
    }

    /// @notice Fresh lanes for cells with prices, zone after zone.
    function open(Cell[] memory cells, uint256 count) internal pure returns (uint256 lanes) {
        uint256 zones = cells.length / count;
        uint256 bytes_ = size(count);
        assembly ("memory-safe") {
            lanes := mload(0x40)
            let length := mul(zones, bytes_)
            mstore(0x40, add(lanes, length))
            calldatacopy(lanes, calldatasize(), length)
        }
        // Lanes behind the last slot have a price, too: a borrow from an empty one would reach its neighbour.
        uint256 last = (bytes_ / GROUP_BYTES) * GROUP;
        for (uint256 z = 0; z < zones; ++z) {
            for (uint256 t = 0; t < last; ++t) {
                int256 price = t < count ? cells[z * count + t].price : UniformPrice.TICK_MIN;
                _price(lanes + z * bytes_ + (t / GROUP) * GROUP_BYTES, t % GROUP, price);
            }
        }
    }

    /// @dev Outside the ticks a price is as good as just outside; nobody trades there.
    function _price(uint256 group, uint256 lane, int256 price) private pure {
        int256 key = price - UniformPrice.TICK_MIN;
        if (key < -1) key = -1;
        if (key > 1 << 15) key = 1 << 15;
        bool inside = key >= 0 && key < 1 << 15;
        uint256 positive = inside && price > 0 ? uint256(price) : 0;
        uint256 negative = inside && price < 0 ? uint256(-price) : 0;
        uint256 offset = uint256((1 << 20) - key);
        assembly ("memory-safe") {
            let shift := mul(48, sub(4, lane))
            mstore(group, or(mload(group), shl(shift, offset)))
            shift := mul(48, lane)
            let place := add(group, 0xa0)
            mstore(place, or(mload(place), shl(shift, positive)))
            place := add(group, 0xc0)
            mstore(place, or(mload(place), shl(shift, negative)))
        }
    }

    /// @notice Adds what was counted in the lanes to the cells.
    function gather(Cell[] memory cells, uint256 count, uint256 lanes) internal pure {
        uint256 bytes_ = size(count);
        unchecked {
            for (uint256 i = 0; i < cells.length; ++i) {
                uint256 t = i % count;
                uint256 group = lanes + (i / count) * bytes_ + (t / GROUP) * GROUP_BYTES;
                uint256 shift = 48 * (GROUP - 1 - (t % GROUP));
                Cell memory cell = cells[i];
                cell.demandAbove += _lane(group + 0x20, shift);
                cell.supplyBelow += _lane(group + 0x40, shift);
                cell.demandAt += _lane(group + 0x60, shift);
                cell.supplyAt += _lane(group + 0x80, shift);
            }
        }
    }

    function _lane(uint256 place, uint256 shift) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(shift, mload(place)), LANE)
        }
    }

    /// @notice Counts `count` steps into a zone's lanes.
    /// @param pointer Where in calldata the steps begin.
    /// @return worstMicro The most the order can cost its owner: bids at a positive, offers at a negative limit.
    function tally(uint256 lanes, uint256 count, uint256 pointer) internal pure returns (uint256 worstMicro) {
        assembly ("memory-safe") {
            for {} count {} {
                let steps := shr(16, calldataload(pointer))
                pointer := add(pointer, 30)
                switch lt(count, 5)
                case 1 {
                    // Behind the last step lies something else.
                    let spare := mul(48, sub(5, count))
                    steps := shl(spare, shr(spare, steps))
                    count := 0
                }
                default {
                    count := sub(count, 5)
                }
                let key := and(shr(32, steps), mul(ONE, 0x7fff))
                let offers := and(shr(47, steps), ONE)
                let bids := xor(offers, ONE)
                let energy := and(steps, mul(ONE, 0x7fffffff))
                let sum := add(key, mload(lanes))
                let reaches := and(shr(20, sum), ONE)
                let exceeds := and(shr(20, sub(sum, ONE)), ONE)
                let place := add(lanes, 0x20)
                mstore(place, add(mload(place), and(energy, mul(and(exceeds, bids), 0x7fffffff))))
                place := add(lanes, 0x40)
                mstore(place, add(mload(place), and(energy, mul(and(offers, xor(reaches, ONE)), 0x7fffffff))))
                let margin := xor(reaches, exceeds)
                if margin {
                    place := add(lanes, 0x60)
                    mstore(place, add(mload(place), and(energy, mul(and(margin, bids), 0x7fffffff))))
                    place := add(lanes, 0x80)
                    mstore(place, add(mload(place), and(energy, mul(and(margin, offers), 0x7fffffff))))
                }
                lanes := add(lanes, 0xe0)

                // Bids at a positive tick: its 14 bits; offers at a negative one: minus the tick.
                let positive := and(shr(14, key), ONE)
                let limits := and(key, mul(and(positive, bids), 0x3fff))
                let negative := and(offers, xor(positive, ONE))
                if negative {
                    limits := or(limits, sub(mul(negative, 0x4000), and(key, mul(negative, 0x3fff))))
                }
                if limits {
                    // What the outer shifts carry beyond the topmost lane falls out of the product's topmost lane, too.
                    let reversed := or(shl(192, limits), shr(192, limits))
                    reversed := or(reversed, shl(96, and(limits, shl(48, LANE))))
                    reversed := or(reversed, and(limits, shl(96, LANE)))
                    reversed := or(reversed, shr(96, and(limits, shl(144, LANE))))
                    worstMicro := add(worstMicro, and(shr(192, mul(energy, reversed)), LANE))
                }
            }
        }
    }

    /// @notice `tally` for a book of one slot: straight into its cell.
    function tallyOne(Cell memory cell, uint256 pointer) internal pure returns (uint256 worstMicro) {
        (bool isOffer, int256 tick, uint256 energyWh) = stepAt(pointer);
        UniformPrice.add(cell, isOffer, tick, energyWh);
        unchecked {
            if (isOffer) tick = -tick;
            if (tick > 0) worstMicro = uint256(tick) * energyWh;
        }
    }

    /// @notice `fill` for a book of one slot.
    function fillOne(Cell memory cell, uint256 pointer, uint256 out) internal pure returns (int256 moneyMicro) {
        (bool isOffer, int256 tick, uint256 energyWh) = stepAt(pointer);
        unchecked {
            int256 position = int256(UniformPrice.take(cell, isOffer, tick, energyWh));
            if (!isOffer) position = -position;
            moneyMicro = position * cell.price;
            assembly ("memory-safe") {
                mstore(out, shl(224, position))
            }
        }
    }

    /// @notice What `tally` returns, without counting the order: its plain twin.
    function cost(uint256 count, uint256 pointer) internal pure returns (uint256 worstMicro) {
        unchecked {
            for (uint256 t = 0; t < count; ++t) {
                (bool isOffer, int256 tick, uint256 energyWh) = stepAt(pointer + 6 * t);
                if (isOffer) tick = -tick;
                if (tick > 0) worstMicro += uint256(tick) * energyWh;
            }
        }
    }

    /// @notice The step at `pointer`.
    function stepAt(uint256 pointer) internal pure returns (bool isOffer, int256 tick, uint256 energyWh) {
        uint256 step;
        assembly ("memory-safe") {
            step := shr(208, calldataload(pointer))
        }
        unchecked {
            return (step >> 47 == 1, int256((step >> 32) & 0x7fff) + UniformPrice.TICK_MIN, step & 0x7fffffff);
        }
    }

    /// @notice Serves `count` steps from a zone's lanes and its cells, which begin at `first`, and writes each position as
    /// a big-endian int32 (sold positive, bought negative) at `out`, which must hold zeros and have 32 bytes to spare.
    /// @return moneyMicro What the order earns (positive) or pays (negative).
    function fill(
        Cell[] memory cells,
        uint256 first,
        uint256 lanes,
        uint256 count,
        uint256 pointer,
        uint256 out
    ) internal pure returns (int256 moneyMicro) {
        assembly ("memory-safe") {
            let slot := add(add(cells, 0x20), shl(5, first))
            for {} count {} {
                let steps := shr(16, calldataload(pointer))
                pointer := add(pointer, 30)
                switch lt(count, 5)
                case 1 {
                    let spare := mul(48, sub(5, count))
                    steps := shl(spare, shr(spare, steps))
                    count := 0
                }
                default {
                    count := sub(count, 5)
                }
                let offers := and(shr(47, steps), ONE)
                let bids := xor(offers, ONE)
                let energy := and(steps, mul(ONE, 0x7fffffff))
                let sum := add(and(shr(32, steps), mul(ONE, 0x7fff)), mload(lanes))
                let reaches := and(shr(20, sum), ONE)
                let exceeds := and(shr(20, sub(sum, ONE)), ONE)
                let margin := xor(reaches, exceeds)
                let served := or(and(exceeds, bids), and(offers, xor(reaches, ONE)))
                served := and(energy, mul(served, 0x7fffffff))
                margin := and(energy, mul(margin, 0x7fffffff))
                if margin {
                    for {
                        let k := 0
                    } lt(k, 5) {
                        k := add(k, 1)
                    } {
                        let shift := mul(48, sub(4, k))
                        let quantity := and(shr(shift, margin), LANE)
                        if iszero(quantity) {
                            continue
                        }
                        // The offers' words lie four behind the bids'.
                        let half := add(mload(add(slot, shl(5, k))), shl(7, and(shr(shift, offers), 1)))
                        let given := mload(add(half, 0x60))
                        let total := mload(add(half, 0x40))
                        half := add(half, 0x80)
                        let run := mload(half)
                        let next := add(run, quantity)
                        mstore(half, next)
                        quantity := sub(div(mul(next, given), total), div(mul(run, given), total))
                        served := or(served, shl(shift, quantity))
                    }
                }
                if served {
                    let sold := and(served, mul(offers, 0x7fffffff))
                    let bought := xor(served, sold)
                    let price := mload(add(lanes, 0xa0))
                    moneyMicro := add(moneyMicro, and(shr(192, mul(sold, price)), LANE))
                    moneyMicro := sub(moneyMicro, and(shr(192, mul(bought, price)), LANE))
                    price := mload(add(lanes, 0xc0))
                    if price {
                        moneyMicro := sub(moneyMicro, and(shr(192, mul(sold, price)), LANE))
                        moneyMicro := add(moneyMicro, and(shr(192, mul(bought, price)), LANE))
                    }
                    // Two's complement in 32 bits, then the lanes pushed together.
                    let signed := add(sold, sub(mul(bids, 0x100000000), bought))
                    let packed := shl(32, and(signed, shl(192, 0xffffffff)))
                    packed := or(packed, shl(48, and(signed, shl(144, 0xffffffff))))
                    packed := or(packed, shl(64, and(signed, shl(96, 0xffffffff))))
                    packed := or(packed, shl(80, and(signed, shl(48, 0xffffffff))))
                    mstore(out, or(packed, shl(96, and(signed, 0xffffffff))))
                }
                lanes := add(lanes, 0xe0)
                slot := add(slot, 0xa0)
                out := add(out, 20)
            }
        }
    }
}

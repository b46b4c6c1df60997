// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cell, UniformPrice} from "./UniformPrice.sol";

/// @title CurveTally
/// @notice The two hot loops of a settlement, over an order's packed steps in calldata.
/// @dev A step is 6 bytes: side 1 bit (1 = offer) ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits; zero energy is no
/// order. Assembly because this runs once per order and slot; `UniformPrice.add` and `.take` are the plain twins it is
/// fuzzed against. Nothing here writes outside the cells and the caller's buffer, and no sum can overflow: energies
/// have 31 bits and prices 23.
library CurveTally {
    /// @notice Counts `count` steps into the cells that begin at `first`.
    /// @param pointer Where in calldata the steps begin.
    /// @return worstMicro The most the order can cost its owner: bids at a positive, offers at a negative limit.
    function tally(
        Cell[] memory cells,
        uint256 first,
        uint256 count,
        uint256 pointer
    ) internal pure returns (uint256 worstMicro) {
        assembly ("memory-safe") {
            let slot := add(add(cells, 0x20), shl(5, first))
            for {
                let end := add(pointer, mul(count, 6))
            } lt(pointer, end) {
                pointer := add(pointer, 6)
                slot := add(slot, 0x20)
            } {
                let step := shr(208, calldataload(pointer))
                let quantity := and(step, 0x7fffffff)
                let isOffer := shr(47, step)
                // Offers are read in the mirror: half, limit and tick negated.
                let half := add(mload(slot), mul(isOffer, 0xa0))
                let tick := mul(sub(and(shr(32, step), 0x7fff), 16384), sub(1, add(isOffer, isOffer)))
                worstMicro := add(worstMicro, mul(quantity, mul(tick, sgt(tick, 0))))
                let above := sub(tick, mload(half))
                if slt(above, 0) {
                    continue
                }
                // The word behind the limit sums what is better than the price, the next one what is at it.
                half := add(half, add(0x20, shl(5, iszero(above))))
                mstore(half, add(mload(half), quantity))
            }
        }
    }

    /// @notice Passes one step to `UniformPrice.bound`.
    function bound(Cell memory cell, uint256 pointer) internal pure {
        uint256 step;
        assembly ("memory-safe") {
            step := shr(208, calldataload(pointer))
        }
        UniformPrice.bound(cell, step >> 47 == 1, int256((step >> 32) & 0x7fff) - 16384, step & 0x7fffffff);
    }

    /// @notice What `tally` returns, without counting the order.
    function cost(uint256 count, uint256 pointer) internal pure returns (uint256 worstMicro) {
        for (uint256 t = 0; t < count; ++t) {
            uint256 step;
            assembly ("memory-safe") {
                step := shr(208, calldataload(add(pointer, mul(t, 6))))
            }
            int256 tick = int256((step >> 32) & 0x7fff) - 16384;
            if (step >> 47 == 1) tick = -tick;
            if (tick > 0) worstMicro += uint256(tick) * (step & 0x7fffffff);
        }
    }

    /// @notice Serves `count` steps from the cells that begin at `first`, and writes each position as a big-endian int32
    /// (sold positive, bought negative) at `out`, which must have 32 bytes to spare behind the last.
    /// @return moneyMicro What the order earns (positive) or pays (negative).
    function fill(
        Cell[] memory cells,
        uint256 first,
        uint256 count,
        uint256 pointer,
        uint256 out
    ) internal pure returns (int256 moneyMicro) {
        assembly ("memory-safe") {
            let slot := add(add(cells, 0x20), shl(5, first))
            for {
                let end := add(pointer, mul(count, 6))
            } lt(pointer, end) {
                pointer := add(pointer, 6)
                slot := add(slot, 0x20)
                out := add(out, 4)
            } {
                let step := shr(208, calldataload(pointer))
                let quantity := and(step, 0x7fffffff)
                let isOffer := shr(47, step)
                let half := add(mload(slot), mul(isOffer, 0xa0))
                let tick := mul(sub(and(shr(32, step), 0x7fff), 16384), sub(1, add(isOffer, isOffer)))
                let limit := mload(half)
                if slt(tick, limit) {
                    mstore(out, 0)
                    continue
                }
                if eq(tick, limit) {
                    let field := add(half, 0x80)
                    let run := mload(field)
                    let next := add(run, quantity)
                    mstore(field, next)
                    let given := mload(add(half, 0x60))
                    let total := mload(add(half, 0x40))
                    quantity := sub(div(mul(next, given), total), div(mul(run, given), total))
                }
                // An offer's limit is negated, so that both sides' money is -quantity × limit.
                moneyMicro := sub(moneyMicro, mul(quantity, limit))
                mstore(out, shl(224, mul(quantity, sub(add(isOffer, isOffer), 1))))
            }
        }
    }
}

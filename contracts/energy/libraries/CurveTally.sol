// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cell} from "./UniformPrice.sol";

/// @title CurveTally
/// @notice The two hot loops of a settlement, over an order's packed steps in calldata.
/// @dev A step is 6 bytes: side 1 bit (1 = offer) ‖ tick + 16384 in 15 bits ‖ 0 ‖ energy in Wh, 31 bits; zero energy is no
/// order. Assembly because this runs once per order and slot; `UniformPrice.add` and `.take` are the plain twins it is
/// fuzzed against. Nothing here writes outside the cells and the caller's buffer, and no sum can overflow: energies
/// have 31 bits and prices 23.
library CurveTally {
    /// @notice Counts `count` steps into the cells that begin at `first`.
    /// @param pointer Where in calldata the steps begin.
    /// @return energyWh All energy of the order; zero when it is empty.
    /// @return worstMicro The most the order can cost its owner: bids at a positive, offers at a negative limit.
    function tally(
        Cell[] memory cells,
        uint256 first,
        uint256 count,
        uint256 pointer
    ) internal pure returns (uint256 energyWh, uint256 worstMicro) {
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
                if iszero(quantity) {
                    continue
                }
                energyWh := add(energyWh, quantity)
                let tick := sub(and(shr(32, step), 0x7fff), 16384)
                let cell := mload(slot)
                switch shr(47, step)
                case 0 {
                    if sgt(tick, 0) {
                        worstMicro := add(worstMicro, mul(quantity, tick))
                    }
                    let limit := mload(cell)
                    switch sgt(tick, limit)
                    case 1 {
                        let field := add(cell, 0x40)
                        mstore(field, add(mload(field), quantity))
                        field := add(cell, 0xc0)
                        if slt(tick, mload(field)) {
                            mstore(field, tick)
                        }
                    }
                    default {
                        switch eq(tick, limit)
                        case 1 {
                            let field := add(cell, 0x60)
                            mstore(field, add(mload(field), quantity))
                        }
                        default {
                            let field := add(cell, 0xe0)
                            if sgt(tick, mload(field)) {
                                mstore(field, tick)
                            }
                        }
                    }
                }
                default {
                    if slt(tick, 0) {
                        worstMicro := sub(worstMicro, mul(quantity, tick))
                    }
                    let limit := mload(add(cell, 0x20))
                    switch slt(tick, limit)
                    case 1 {
                        let field := add(cell, 0x80)
                        mstore(field, add(mload(field), quantity))
                        field := add(cell, 0x100)
                        if sgt(tick, mload(field)) {
                            mstore(field, tick)
                        }
                    }
                    default {
                        switch eq(tick, limit)
                        case 1 {
                            let field := add(cell, 0xa0)
                            mstore(field, add(mload(field), quantity))
                        }
                        default {
                            let field := add(cell, 0x120)
                            if slt(tick, mload(field)) {
                                mstore(field, tick)
                            }
                        }
                    }
                }
            }
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
                if quantity {
                    let tick := sub(and(shr(32, step), 0x7fff), 16384)
                    let cell := mload(slot)
                    switch shr(47, step)
                    case 0 {
                        let limit := mload(cell)
                        switch sgt(tick, limit)
                        case 1 {
                            moneyMicro := sub(moneyMicro, mul(quantity, limit))
                            quantity := sub(0, quantity)
                        }
                        default {
                            switch eq(tick, limit)
                            case 1 {
                                let field := add(cell, 0x180)
                                let run := mload(field)
                                let next := add(run, quantity)
                                mstore(field, next)
                                let given := mload(add(cell, 0x140))
                                let total := mload(add(cell, 0x60))
                                quantity := sub(div(mul(next, given), total), div(mul(run, given), total))
                                moneyMicro := sub(moneyMicro, mul(quantity, limit))
                                quantity := sub(0, quantity)
                            }
                            default {
                                quantity := 0
                            }
                        }
                    }
                    default {
                        let limit := mload(add(cell, 0x20))
                        switch slt(tick, limit)
                        case 1 {
                            moneyMicro := add(moneyMicro, mul(quantity, limit))
                        }
                        default {
                            switch eq(tick, limit)
                            case 1 {
                                let field := add(cell, 0x1a0)
                                let run := mload(field)
                                let next := add(run, quantity)
                                mstore(field, next)
                                let given := mload(add(cell, 0x160))
                                let total := mload(add(cell, 0xa0))
                                quantity := sub(div(mul(next, given), total), div(mul(run, given), total))
                                moneyMicro := add(moneyMicro, mul(quantity, limit))
                            }
                            default {
                                quantity := 0
                            }
                        }
                    }
                }
                mstore(out, shl(224, quantity))
            }
        }
    }
}

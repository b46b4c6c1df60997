// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What the deviations of one slot in one zone add up to, and how they are settled. Words are addressed by
/// position in `MeterValues`.
struct DeviationCell {
    /// @notice Paid for and by netted energy; meaningless when nothing is netted.
    int256 price;
    int256 longPrice;
    int256 shortPrice;
    uint256 longWh;
    uint256 shortWh;
    /// @notice Energy netted between longs and shorts.
    uint256 nettedWh;
    uint256 longRun;
    uint256 shortRun;
}

/// @title MeterValues
/// @notice Loops over the 96 packed values of a meter-day and over deviations from contracted positions.
library MeterValues {
    uint256 internal constant DAY_SLOTS = 96;
    uint256 internal constant DAY_BYTES = 384;

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

    /// @notice Writes metered - contracted for `count` slots at `out` (one word each) and adds them to the cells.
    /// @param metered Where in calldata the metered values begin.
    /// @param contracted Where in calldata the positions begin; zero when the account has none.
    function deviate(
        DeviationCell[] memory cells,
        uint256 first,
        uint256 count,
        uint256 metered,
        uint256 contracted,
        uint256 out
    ) internal pure {
        assembly ("memory-safe") {
            let slot := add(add(cells, 0x20), shl(5, first))
            for {
                let end := add(slot, shl(5, count))
            } lt(slot, end) {
                slot := add(slot, 0x20)
                metered := add(metered, 4)
                out := add(out, 0x20)
            } {
                let deviation := sar(224, calldataload(metered))
                if contracted {
                    deviation := sub(deviation, sar(224, calldataload(contracted)))
                    contracted := add(contracted, 4)
                }
                mstore(out, deviation)
                let sign := sar(255, deviation)
                let field := add(add(mload(slot), 0x60), and(sign, 0x20))
                mstore(field, add(mload(field), sub(xor(deviation, sign), sign)))
            }
        }
    }

    /// @notice Settles `count` deviations of one account, one word each at `place`, against the cells from `first` on.
    /// The loop of a settlement; `settle` is its plain twin.
    /// @return moneyMicro What the account receives (positive) or pays (negative).
    /// @return outsideWh Deviation outside the dead-band, summed over the slots.
    function pay(
        DeviationCell[] memory cells,
        uint256 first,
        uint256 count,
        uint256 place,
        uint256 deadBandWh
    ) internal pure returns (int256 moneyMicro, uint256 outsideWh) {
        assembly ("memory-safe") {
            let slot := add(add(cells, 0x20), shl(5, first))
            for {
                let end := add(place, shl(5, count))
            } lt(place, end) {
                place := add(place, 0x20)
                slot := add(slot, 0x20)
            } {
                let deviation := mload(place)
                if iszero(deviation) {
                    continue
                }
                let cell := mload(slot)
                // Shorts lie one word behind longs: price of the rest, total and run.
                let sign := sar(255, deviation)
                let half := add(cell, and(sign, 0x20))
                let energy := sub(xor(deviation, sign), sign)
                if gt(energy, deadBandWh) {
                    outsideWh := add(outsideWh, sub(energy, deadBandWh))
                }
                let netted := mload(add(cell, 0xa0))
                let worth := 0
                if netted {
                    let total := mload(add(half, 0x60))
                    switch eq(netted, total)
                    case 1 {
                        netted := energy
                    }
                    default {
                        let field := add(half, 0xc0)
                        let run := mload(field)
                        let next := add(run, energy)
                        mstore(field, next)
                        netted := sub(div(mul(next, netted), total), div(mul(run, netted), total))
                    }
                    worth := mul(netted, mload(cell))
                }
                worth := add(worth, mul(sub(energy, netted), mload(add(half, 0x20))))
                moneyMicro := add(moneyMicro, sub(xor(worth, sign), sign))
            }
        }
    }

    /// @notice Settles one deviation; `cell` must hold the totals of its slot. Call in the order of accounts.
    /// @return moneyMicro What the account receives (positive) or pays (negative).
    function settle(DeviationCell memory cell, int256 deviationWh) internal pure returns (int256 moneyMicro) {
        unchecked {
            uint256 energy;
            uint256 netted;
            if (deviationWh > 0) {
                energy = uint256(deviationWh);
                netted = _part(cell.longRun, energy, cell.nettedWh, cell.longWh);
                cell.longRun += energy;
                return int256(netted) * cell.price + int256(energy - netted) * cell.longPrice;
            }
            if (deviationWh == 0) return 0;
            energy = uint256(-deviationWh);
            netted = _part(cell.shortRun, energy, cell.nettedWh, cell.shortWh);
            cell.shortRun += energy;
            return -int256(netted) * cell.price - int256(energy - netted) * cell.shortPrice;
        }
    }

    function _part(uint256 run, uint256 width, uint256 given, uint256 total) private pure returns (uint256) {
        unchecked {
            if (given == 0) return 0;
            if (given == total) return width;
            return ((run + width) * given) / total - (run * given) / total;
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cell, UniformPrice} from "./UniformPrice.sol";

/// @title CellWords
/// @notice What a settlement in several transactions hands on of its cells: one word a cell while orders are counted, two
/// while they are served. Sums of energies have at most 48 bits there, see `StepLanes.CAPACITY`.
library CellWords {
    uint256 private constant SUM = (1 << 48) - 1;

    /// @notice demand above 48 | at 48 | supply below 48 | at 48 | nearest bid above 16 | below 16 | offer below 16 | above 16.
    function packSums(Cell[] memory cells) internal pure returns (bytes memory packed) {
        packed = new bytes(cells.length * 32);
        for (uint256 i = 0; i < cells.length; ++i) {
            Cell memory cell = cells[i];
            uint256 word = (cell.demandAbove << 208) | (cell.demandAt << 160);
            word |= (cell.supplyBelow << 112) | (cell.supplyAt << 64);
            word |= (_near(cell.minBidAbove) << 48) | (_near(cell.maxBidBelow) << 32);
            word |= (_near(cell.maxOfferBelow) << 16) | _near(cell.minOfferAbove);
            _set(packed, i, word);
        }
    }

    /// @notice Restores what `packSums` packed; nothing is a fresh count.
    function unpackSums(Cell[] memory cells, bytes calldata packed) internal pure {
        if (packed.length == 0) return;
        for (uint256 i = 0; i < cells.length; ++i) {
            uint256 word = uint256(bytes32(packed[32 * i:32 * i + 32]));
            Cell memory cell = cells[i];
            (cell.demandAbove, cell.demandAt) = (word >> 208, (word >> 160) & SUM);
            (cell.supplyBelow, cell.supplyAt) = ((word >> 112) & SUM, (word >> 64) & SUM);
            (cell.minBidAbove, cell.maxBidBelow) = (_far(word >> 48), _far(word >> 32));
            (cell.maxOfferBelow, cell.minOfferAbove) = (_far(word >> 16), _far(word));
        }
    }

    /// @notice price 32 | demand at 48 | bought at 48 | run 48; supply at 48 | sold at 48 | run 48.
    function packShares(Cell[] memory cells) internal pure returns (bytes memory packed) {
        packed = new bytes(cells.length * 64);
        for (uint256 i = 0; i < cells.length; ++i) {
            Cell memory cell = cells[i];
            uint256 price = uint32(int32(cell.price));
            _set(packed, 2 * i, (price << 144) | (cell.demandAt << 96) | (cell.boughtAt << 48) | cell.bidRun);
            _set(packed, 2 * i + 1, (cell.supplyAt << 96) | (cell.soldAt << 48) | cell.offerRun);
        }
    }

    /// @notice Restores what `packShares` packed.
    function unpackShares(Cell[] memory cells, bytes memory packed) internal pure {
        for (uint256 i = 0; i < cells.length; ++i) {
            Cell memory cell = cells[i];
            uint256 word = _get(packed, 2 * i);
            cell.price = int32(uint32(word >> 144));
            (cell.demandAt, cell.boughtAt, cell.bidRun) = ((word >> 96) & SUM, (word >> 48) & SUM, word & SUM);
            word = _get(packed, 2 * i + 1);
            (cell.supplyAt, cell.soldAt, cell.offerRun) = ((word >> 96) & SUM, (word >> 48) & SUM, word & SUM);
        }
    }

    /// @notice A list with one more element.
    function append(bytes32[] memory list, bytes32 item) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = item;
    }

    /// @dev Ticks as they are, "no bound" as the largest or least number of 16 bits.
    function _near(int256 tick) private pure returns (uint256) {
        if (tick == UniformPrice.FAR) return uint16(type(int16).max);
        if (tick == -UniformPrice.FAR) return uint16(type(int16).min);
        return uint16(int16(tick));
    }

    function _far(uint256 word) private pure returns (int256) {
        int16 tick = int16(uint16(word));
        if (tick == type(int16).max) return UniformPrice.FAR;
        if (tick == type(int16).min) return -UniformPrice.FAR;
        return tick;
    }

    function _set(bytes memory packed, uint256 index, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(packed, 0x20), shl(5, index)), word)
        }
    }

    function _get(bytes memory packed, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(packed, 0x20), shl(5, index)))
        }
    }
}

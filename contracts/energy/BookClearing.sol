// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CurveBook} from "./CurveBook.sol";
import {Terms} from "./interfaces/IEnergyExchange.sol";
import {IBookReader} from "./interfaces/IMarketOperator.sol";
import {StepLanes} from "./libraries/StepLanes.sol";
import {Cell, Link, UniformPrice} from "./libraries/UniformPrice.sol";

/// @title BookClearing
/// @notice What settling in one and in several transactions share: the terms of the market and its times.
abstract contract BookClearing is CurveBook {
    uint256 internal constant DAY_SLOTS = 96;

    IBookReader internal immutable OPERATOR;
    uint32 internal immutable NETWORK_ACCOUNT;
    uint256 internal immutable PRICE_SHARE;
    uint256 internal immutable FALLBACK_DELAY;
    uint256 internal immutable VOID_DELAY;

    Link[] internal _links;

    constructor(Terms memory terms_, Link[] memory lines) CurveBook(terms_.accounts) {
        OPERATOR = terms_.operator;
        NETWORK_ACCOUNT = terms_.networkAccount;
        PRICE_SHARE = terms_.priceShare;
        FALLBACK_DELAY = terms_.fallbackDelay;
        VOID_DELAY = terms_.voidDelay;
        for (uint256 z = 0; z < lines.length; ++z) _links.push(lines[z]);
    }

    // --- internal ---

    function _times(
        uint32 firstSlot,
        uint256 count
    ) internal view returns (uint256 gate, uint256 settleFrom, uint256 fallbackFrom, uint256 voidFrom) {
        gate = firstSlot * SLOT_SECONDS - GATE_LEAD;
        settleFrom = gate + (count - 1) * SLOT_SECONDS;
        uint256 dayEnd = (firstSlot / DAY_SLOTS + 1) * 1 days;
        fallbackFrom = dayEnd + FALLBACK_DELAY;
        voidFrom = dayEnd + VOID_DELAY;
    }

    /// @dev Checks time and prices and prepares the cells.
    function _open(uint32 firstSlot, bytes calldata prices, uint256 zoneCount) internal view returns (Book memory p) {
        uint256 cellCount = prices.length / 4;
        uint256 count = cellCount / zoneCount;
        if (count == 0 || count * zoneCount * 4 != prices.length) revert EnergyBadLength();
        (uint256 gate, uint256 from, , uint256 until) = _times(firstSlot, count);
        if (block.timestamp < from || block.timestamp >= until) revert EnergyOutsideWindow(from, until);
        (p.firstSlot, p.count, p.zoneCount, p.gate) = (firstSlot, count, zoneCount, gate);
        p.cells = new Cell[](cellCount);
        uint256 pointer = _offset(prices);
        for (uint256 i = 0; i < cellCount; ++i) {
            int256 price;
            assembly ("memory-safe") {
                price := sar(224, calldataload(add(pointer, shl(2, i))))
            }
            UniformPrice.openCell(p.cells[i], price);
        }
        p.lanes = StepLanes.open(p.cells, count);
        p.laneBytes = StepLanes.size(count);
    }

    /// @dev A committed root binds its number of slots, too, so that nobody can open the book with another.
    function _requireRoot(uint32 firstSlot, uint256 count, bytes32 given) internal view {
        if (given != 0) given = ((given >> 8) << 8) | bytes32(count);
        bytes32 committed = address(OPERATOR) == address(0) ? bytes32(0) : OPERATOR.rootOf(firstSlot);
        // Without operator there is no signed book before the fallback; with one, silence is not an empty book.
        if (given != committed || (given == 0 && address(OPERATOR) != address(0)))
            revert EnergyBookMismatch(committed, given);
    }

    /// @dev What `_verify` would publish of slots without any trade.
    function _noPrices(uint256 count) internal view returns (bytes32) {
        bytes memory none = new bytes(count * _links.length * 4);
        for (uint256 i = 0; i < none.length; i += 4) none[i] = 0x80;
        return keccak256(none);
    }
}

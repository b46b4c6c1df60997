// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CurveBook} from "./CurveBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {BookStatus, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
import {IBookReader} from "./interfaces/IMarketOperator.sol";
import {CurveTally} from "./libraries/CurveTally.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {Cell, Link, SlotOutcome, UniformPrice, Zone} from "./libraries/UniformPrice.sol";

/// @title EnergyExchange
/// @notice Doors (a) signed curves and (b) posted orders on one clearing core.
contract EnergyExchange is CurveBook {
    /// @notice What a deployment fixes for ever.
    struct Terms {
        IEnergyAccounts accounts;
        /// @notice Where books are committed; zero for a market without operator.
        IBookReader operator;
        /// @notice Receives grid fees and congestion rent.
        uint32 networkAccount;
        /// @notice Place of the price in the competitive interval, of 10,000.
        uint256 priceShare;
        /// @notice Seconds after the UTC day of a book until anybody's selection of signed orders is accepted.
        uint256 fallbackDelay;
        /// @notice Seconds after the UTC day of a book until it is void.
        uint256 voidDelay;
    }

    uint256 private constant DAY_SLOTS = 96;
    uint256 private constant POST_BYTES = 11;
    /// @dev Stands for "no price" where a zone did not trade.
    int32 private constant NO_PRICE = type(int32).min;

    IBookReader public immutable OPERATOR;
    uint32 public immutable NETWORK_ACCOUNT;
    uint256 public immutable PRICE_SHARE;
    uint256 public immutable FALLBACK_DELAY;
    uint256 public immutable VOID_DELAY;

    Link[] private _links;
    /// @dev By UTC day: bit s = slot s of the day is closed.
    mapping(uint256 day => uint256 mask) private _closed;
    /// @dev By first slot: commitment without its lowest byte | status 8.
    mapping(uint256 firstSlot => bytes32 word) private _books;

    constructor(Terms memory terms, Link[] memory lines) CurveBook(terms.accounts) {
        OPERATOR = terms.operator;
        NETWORK_ACCOUNT = terms.networkAccount;
        PRICE_SHARE = terms.priceShare;
        FALLBACK_DELAY = terms.fallbackDelay;
        VOID_DELAY = terms.voidDelay;
        bool ordered = terms.fallbackDelay < terms.voidDelay && terms.priceShare <= UniformPrice.SHARE_ONE;
        if (!ordered || terms.accounts.WITHDRAWAL_DELAY() < terms.voidDelay + 1 days + GATE_LEAD)
            revert EnergyBadTiming();
        if (lines.length == 0 || lines.length > 16) revert EnergyBadTopology(lines.length);
        for (uint256 z = 0; z < lines.length; ++z) {
            if ((z != 0 && lines[z].parent >= z) || lines[z].feeTicks > 1 << 15) revert EnergyBadTopology(z);
            _links.push(lines[z]);
        }
    }

    // --- read ---

    /// @inheritdoc IEnergyExchange
    function links() external view returns (Link[] memory) {
        return _links;
    }

    /// @inheritdoc IEnergyExchange
    function bookOf(uint32 firstSlot) external view returns (BookStatus status, bytes32 commitment) {
        bytes32 word = _books[firstSlot];
        return (BookStatus(uint8(uint256(word))), word & ~bytes32(uint256(0xff)));
    }

    /// @inheritdoc IEnergyExchange
    function isClosed(uint32 slot) external view returns (bool) {
        return (_closed[slot / DAY_SLOTS] >> (slot % DAY_SLOTS)) & 1 == 1;
    }

    /// @inheritdoc IEnergyExchange
    function timesOf(
        uint32 firstSlot,
        uint256 count
    ) public view returns (uint256 gate, uint256 settleFrom, uint256 fallbackFrom, uint256 voidFrom) {
        gate = firstSlot * SLOT_SECONDS - GATE_LEAD;
        settleFrom = gate + (count - 1) * SLOT_SECONDS;
        uint256 dayEnd = (firstSlot / DAY_SLOTS + 1) * 1 days;
        fallbackFrom = dayEnd + FALLBACK_DELAY;
        voidFrom = dayEnd + VOID_DELAY;
    }

    // --- write ---

    /// @inheritdoc IEnergyExchange
    function settle(uint32 firstSlot, bytes calldata prices, bytes calldata orders, bytes calldata posted) external {
        Link[] memory lines = _links;
        Book memory p = _open(firstSlot, prices, lines.length);
        Batch memory b = _batch(p, orders);
        _count(p, b, lines.length);
        uint256[] memory entries = _serve(p, b, _clear(p, b, lines, posted));
        _close(p, LedgerCalls.move(ACCOUNTS, entries, NETWORK_ACCOUNT, false), entries.length);
    }

    /// @inheritdoc IEnergyExchange
    function voidBook(uint32 firstSlot, uint256 count, bytes calldata posted) external {
        if (count == 0) revert EnergyBadLength();
        (, , , uint256 voidFrom) = timesOf(firstSlot, count);
        if (block.timestamp < voidFrom) revert EnergyOutsideWindow(voidFrom, type(uint256).max);
        Book memory p;
        p.firstSlot = firstSlot;
        p.count = count;
        p.status = BookStatus.Void;
        _markClosed(p);
        ACCOUNTS.release(firstSlot, count, posted);
        bytes memory none = new bytes(count * _links.length * 4);
        for (uint256 i = 0; i < none.length; i += 4) none[i] = 0x80;
        p.pricesHash = keccak256(none);
        p.postedHash = keccak256("");
        p.positions = keccak256("");
        _close(p, 0, posted.length / POST_BYTES);
    }

    // --- internal: counting ---

    /// @dev Checks time and prices and prepares the cells.
    function _open(uint32 firstSlot, bytes calldata prices, uint256 zoneCount) private view returns (Book memory p) {
        uint256 cellCount = prices.length / 4;
        uint256 count = cellCount / zoneCount;
        if (count == 0 || count * zoneCount * 4 != prices.length) revert EnergyBadLength();
        (, uint256 from, , uint256 until) = timesOf(firstSlot, count);
        if (block.timestamp < from || block.timestamp >= until) revert EnergyOutsideWindow(from, until);
        p.firstSlot = firstSlot;
        p.count = count;
        p.cells = new Cell[](cellCount);
        for (uint256 i = 0; i < cellCount; ++i) {
            int256 price;
            assembly ("memory-safe") {
                price := sar(224, calldataload(add(prices.offset, shl(2, i))))
            }
            UniformPrice.openCell(p.cells[i], price);
        }
    }

    // --- internal: clearing ---

    /// @dev The book must be the committed one until the fallback deadline; then posted orders join, prices are
    /// verified slot by slot, the slots are closed and the posted orders served.
    function _clear(
        Book memory p,
        Batch memory b,
        Link[] memory lines,
        bytes calldata posted
    ) private returns (uint256[] memory entries) {
        p.status = _checkBook(p);
        _markClosed(p);
        uint256[] memory words = ACCOUNTS.release(p.firstSlot, p.count, posted);
        for (uint256 i = 0; i < words.length; ++i) {
            (uint256 cell, uint256 account, uint256 pointer) = _postAt(p, _offset(posted), i, words[i]);
            if (uint8(words[i] >> 8) >= lines.length) revert EnergyUnknownZone(uint32(account));
            CurveTally.tally(p.cells, cell, 1, pointer);
        }
        b.posted = posted.length == 0 ? 0 : _offset(posted);
        b.postedWords = words;
        _verify(p, b, lines);
        return _servePosted(p, posted, words);
    }

    function _checkBook(Book memory p) private view returns (BookStatus) {
        (, , uint256 fallbackFrom, ) = timesOf(p.firstSlot, p.count);
        if (block.timestamp >= fallbackFrom) return BookStatus.Fallback;
        bytes32 given = p.groups.length == 0 ? bytes32(0) : keccak256(p.groups);
        bytes32 committed = address(OPERATOR) == address(0) ? bytes32(0) : OPERATOR.rootOf(p.firstSlot);
        // Without operator there is no signed book before the fallback; with one, silence is not an empty book.
        if (given != committed || (given == 0 && address(OPERATOR) != address(0)))
            revert EnergyBookMismatch(committed, given);
        return BookStatus.Committed;
    }

    function _markClosed(Book memory p) private {
        uint256 offset = p.firstSlot % DAY_SLOTS;
        if (offset + p.count > DAY_SLOTS) revert EnergyBadLength();
        uint256 bits = ((1 << p.count) - 1) << offset;
        uint256 day = p.firstSlot / DAY_SLOTS;
        uint256 mask = _closed[day];
        if (mask & bits != 0) {
            for (uint256 t = offset; ; ++t)
                if ((mask >> t) & 1 == 1) revert EnergyAlreadyClosed(uint32(day * DAY_SLOTS + t));
        }
        _closed[day] = mask | bits;
    }

    /// @dev Verifies every slot in every zone and publishes prices.
    function _verify(Book memory p, Batch memory b, Link[] memory lines) private {
        uint256 count = p.count;
        Zone[] memory zones = new Zone[](lines.length);
        bytes memory published = new bytes(p.cells.length * 4 + 32);
        for (uint256 t = 0; t < count; ++t) {
            (uint256 volume, bool pinned) = UniformPrice.solve(p.cells, count, t, lines, zones);
            if (!pinned) _bound(p, b, t);
            if (volume != 0) UniformPrice.checkRule(p.cells, count, t, lines, zones, PRICE_SHARE);
            for (uint256 z = 0; z < zones.length; ++z) {
                uint256 cell = z * count + t;
                int256 price = _publish(p.firstSlot + uint32(t), uint8(z), p.cells[cell], zones[z]);
                assembly ("memory-safe") {
                    let place := add(add(published, 0x20), shl(2, cell))
                    mstore(place, or(shl(224, price), and(mload(place), not(shl(224, 0xffffffff)))))
                }
            }
        }
        assembly ("memory-safe") {
            mstore(published, sub(mload(published), 32))
        }
        p.pricesHash = keccak256(published);
    }

    function _publish(uint32 slot, uint8 zone, Cell memory cell, Zone memory state) private returns (int256 price) {
        SlotOutcome outcome = UniformPrice.outcome(cell, state);
        uint256 bought = cell.demandAbove + cell.boughtAt;
        uint256 sold = cell.supplyBelow + cell.soldAt;
        bool none = outcome == SlotOutcome.NoTrade;
        price = none ? int256(NO_PRICE) : cell.price;
        emit SlotCleared(
            slot,
            zone,
            none ? int32(0) : int32(price),
            uint64(bought > sold ? bought : sold),
            uint64(cell.demandAbove + cell.demandAt),
            uint64(cell.supplyBelow + cell.supplyAt),
            outcome
        );
    }

    // --- internal: serving ---

    function _close(Book memory p, int256 networkMicro, uint256 orders) private {
        bytes32 commitment = keccak256(abi.encode(p.count, p.pricesHash, p.postedHash, p.positions));
        commitment &= ~bytes32(uint256(0xff));
        _books[p.firstSlot] = commitment | bytes32(uint256(uint8(p.status)));
        emit BookClosed(p.firstSlot, p.count, orders, p.status, networkMicro, commitment);
    }
}

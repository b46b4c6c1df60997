// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BookClearing} from "./BookClearing.sol";
import {BookStatus, IEnergyExchange, Terms} from "./interfaces/IEnergyExchange.sol";
import {CellWords} from "./libraries/CellWords.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {StepLanes} from "./libraries/StepLanes.sol";
import {Cell, Link, SlotOutcome, UniformPrice, Zone} from "./libraries/UniformPrice.sol";

/// @title EnergyExchange
/// @notice Doors (a) signed curves and (b) posted orders on one clearing core.
contract EnergyExchange is IEnergyExchange, BookClearing, EIP712 {
    /// @dev Seconds for which `EnergyAccounts` holds a slot's posted orders.
    uint256 private constant POST_MEMORY = 1024 * SLOT_SECONDS;
    /// @dev Stands for "no price" where a zone did not trade.
    int32 private constant NO_PRICE = type(int32).min;

    /// @dev By UTC day: bit s = slot s of the day is closed.
    mapping(uint256 day => uint256 mask) private _closed;
    /// @dev By first slot: commitment without its lowest byte | status 8.
    mapping(uint256 firstSlot => bytes32 word) private _books;

    constructor(
        Terms memory terms_,
        Link[] memory lines
    ) BookClearing(terms_, lines) EIP712("Publica EnergyExchange", "1") {
        bool ordered = terms_.fallbackDelay < terms_.voidDelay && terms_.priceShare <= UniformPrice.SHARE_ONE;
        // A posted order must be held until its slot is void.
        ordered = ordered && terms_.voidDelay + 1 days + 36 hours + GATE_LEAD <= POST_MEMORY;
        if (!ordered || terms_.accounts.WITHDRAWAL_DELAY() < terms_.voidDelay + 1 days + GATE_LEAD)
            revert EnergyBadTiming();
        if (lines.length == 0 || lines.length > 16) revert EnergyBadTopology(lines.length);
        for (uint256 z = 0; z < lines.length; ++z)
            if ((z != 0 && lines[z].parent >= z) || lines[z].feeTicks > 1 << 15) revert EnergyBadTopology(z);
    }

    modifier onlyLarge() {
        if (msg.sender != ACCOUNTS.largeBooks()) revert EnergyNotLargeBooks(msg.sender);
        _;
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
    ) external view returns (uint256 gate, uint256 settleFrom, uint256 fallbackFrom, uint256 voidFrom) {
        return _times(firstSlot, count);
    }

    /// @inheritdoc IEnergyExchange
    function terms() external view returns (Terms memory) {
        return Terms(ACCOUNTS, OPERATOR, NETWORK_ACCOUNT, PRICE_SHARE, FALLBACK_DELAY, VOID_DELAY);
    }

    /// @inheritdoc IEnergyExchange
    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    // --- write ---

    /// @inheritdoc IEnergyExchange
    function settle(uint32 firstSlot, bytes calldata prices, bytes calldata orders, bytes calldata posted) external {
        Link[] memory lines = _links;
        Book memory p = _open(firstSlot, prices, lines.length);
        Batch memory b = _batch(p, orders, 0);
        _take(firstSlot, p.count);
        _checkPosts(p, posted);
        Posts memory posts = _countPosts(p, posted);
        b.joined = posts.places.length != 0;
        p.status = _checkBook(p, _count(p, b));
        StepLanes.gather(p.cells, p.count, p.lanes);
        _verify(p, b, posts, lines);
        uint256[] memory entries = _serve(p, b, posts);
        int256 networkMicro = LedgerCalls.move(ACCOUNTS, entries, NETWORK_ACCOUNT, false);
        uint256 number = posts.places.length + b.number;
        _close(firstSlot, Closing(p.count, p.status, p.pricesHash, p.postedHash, p.positions, number, networkMicro));
    }

    /// @inheritdoc IEnergyExchange
    function voidBook(uint32 firstSlot, uint256 count) external {
        if (count == 0) revert EnergyBadLength();
        (, , , uint256 voidFrom) = _times(firstSlot, count);
        if (block.timestamp < voidFrom) revert EnergyOutsideWindow(voidFrom, type(uint256).max);
        _take(firstSlot, count);
        _close(firstSlot, Closing(count, BookStatus.Void, _noPrices(count), 0, 0, 0, 0));
    }

    /// @inheritdoc IEnergyExchange
    function takeSlots(uint32 firstSlot, uint256 count) external onlyLarge {
        _take(firstSlot, count);
    }

    /// @inheritdoc IEnergyExchange
    function proveSums(
        uint32 firstSlot,
        bytes calldata prices,
        bytes calldata sums
    ) external onlyLarge returns (bytes32 pricesHash, bytes memory shares) {
        Link[] memory lines = _links;
        Book memory p = _open(firstSlot, prices, lines.length);
        CellWords.unpackSums(p.cells, sums);
        Batch memory none;
        Posts memory noPosts;
        _verify(p, none, noPosts, lines);
        return (p.pricesHash, CellWords.packShares(p.cells));
    }

    /// @inheritdoc IEnergyExchange
    function closeBook(uint32 firstSlot, Closing calldata closing) external onlyLarge {
        _close(firstSlot, closing);
    }

    // --- internal ---

    /// @dev The records must be the committed book until the fallback deadline.
    function _checkBook(Book memory p, bytes memory groups) private view returns (BookStatus) {
        (, , uint256 fallbackFrom, ) = _times(p.firstSlot, p.count);
        if (block.timestamp >= fallbackFrom) return BookStatus.Fallback;
        _requireRoot(p.firstSlot, p.count, groups.length == 0 ? bytes32(0) : keccak256(groups));
        return BookStatus.Committed;
    }

    /// @dev The posted orders given are exactly those the slots' chains were made of.
    function _checkPosts(Book memory p, bytes calldata posted) private view {
        uint256[] memory heads = ACCOUNTS.postHeads(p.firstSlot, p.count);
        uint256 number = posted.length / POST_BYTES;
        if (number * POST_BYTES != posted.length) revert EnergyBadLength();
        uint256 next = 0;
        for (uint256 t = 0; t < heads.length; ++t) {
            uint256 head;
            (head, next) = CurveOrders.chainSlot(posted, next, number, t, 0);
            if (head != heads[t]) revert EnergyPostsOmitted(p.firstSlot + uint32(t));
        }
        if (next != number) revert EnergyPostsOmitted(p.firstSlot + uint32(p.count));
    }

    /// @dev Verifies every slot in every zone and publishes prices.
    function _verify(Book memory p, Batch memory b, Posts memory posts, Link[] memory lines) private {
        uint256 count = p.count;
        Zone[] memory zones = new Zone[](lines.length);
        bytes memory published = new bytes(p.cells.length * 4 + 32);
        for (uint256 t = 0; t < count; ++t) {
            (uint256 volume, bool pinned) = UniformPrice.solve(p.cells, count, t, lines, zones);
            if (!pinned) _bound(p, b, posts, t);
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

    /// @dev Takes the book's slots, once and for ever.
    function _take(uint32 firstSlot, uint256 count) private {
        uint256 offset = firstSlot % DAY_SLOTS;
        if (offset + count > DAY_SLOTS) revert EnergyBadLength();
        uint256 bits = ((1 << count) - 1) << offset;
        uint256 day = firstSlot / DAY_SLOTS;
        uint256 mask = _closed[day];
        if (mask & bits != 0) {
            for (uint256 t = offset; ; ++t)
                if ((mask >> t) & 1 == 1) revert EnergyAlreadyClosed(uint32(day * DAY_SLOTS + t));
        }
        _closed[day] = mask | bits;
    }

    function _close(uint32 firstSlot, Closing memory closing) private {
        bytes32 commitment = keccak256(
            abi.encode(closing.count, closing.pricesHash, closing.postedHash, closing.positions)
        );
        commitment &= ~bytes32(uint256(0xff));
        _books[firstSlot] = commitment | bytes32(uint256(uint8(closing.status)));
        emit BookClosed(firstSlot, closing.count, closing.orders, closing.status, closing.networkMicro, commitment);
    }

    function _domain() internal view override returns (bytes32) {
        return _domainSeparatorV4();
    }
}

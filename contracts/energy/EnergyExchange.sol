// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAccountBook} from "./interfaces/IAccountBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {BookStatus, IEnergyExchange, Progress} from "./interfaces/IEnergyExchange.sol";
import {IBookReader} from "./interfaces/IMarketOperator.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {CurveTally} from "./libraries/CurveTally.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {Cell, Link, SlotOutcome, UniformPrice, Zone} from "./libraries/UniformPrice.sol";

/// @title EnergyExchange
/// @notice Doors (a) signed curves and (b) posted orders on one clearing core.
contract EnergyExchange is IEnergyExchange, EIP712 {
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

    /// @dev The records of one transaction.
    struct Batch {
        uint256 pointer;
        uint256 stride;
        uint256 number;
        uint256[] words;
        uint256 zoneCount;
        bytes32 domain;
        uint256 gate;
        uint256 posted;
        uint256[] postedWords;
    }

    uint256 private constant SLOT_SECONDS = 900;
    uint256 private constant DAY_SLOTS = 96;
    uint256 private constant GROUP_LEAVES = 128;
    uint256 private constant POST_BYTES = 11;
    uint8 private constant FLAG_WITHDRAWING = 2;
    /// @dev Stands for "no price" where a zone did not trade.
    int32 private constant NO_PRICE = type(int32).min;

    IEnergyAccounts public immutable ACCOUNTS;
    IBookReader public immutable OPERATOR;
    uint32 public immutable NETWORK_ACCOUNT;
    uint256 public immutable PRICE_SHARE;
    uint256 public immutable FALLBACK_DELAY;
    uint256 public immutable VOID_DELAY;
    uint256 private immutable GATE_LEAD;

    Link[] private _links;
    /// @dev By UTC day: bit s = slot s of the day is closed.
    mapping(uint256 day => uint256 mask) private _closed;
    /// @dev By first slot: commitment without its lowest byte | status 8.
    mapping(uint256 firstSlot => bytes32 word) private _books;

    constructor(Terms memory terms, Link[] memory lines) EIP712("Publica EnergyExchange", "1") {
        ACCOUNTS = terms.accounts;
        OPERATOR = terms.operator;
        NETWORK_ACCOUNT = terms.networkAccount;
        PRICE_SHARE = terms.priceShare;
        FALLBACK_DELAY = terms.fallbackDelay;
        VOID_DELAY = terms.voidDelay;
        GATE_LEAD = terms.accounts.GATE_LEAD();
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
        Progress memory p = _open(firstSlot, prices, lines.length);
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
        Progress memory p;
        p.firstSlot = firstSlot;
        p.count = count;
        p.status = BookStatus.Void;
        _markClosed(p);
        ACCOUNTS.release(firstSlot, count, posted);
        bytes memory none = new bytes(count * _links.length * 4);
        for (uint256 i = 0; i < none.length; i += 4) none[i] = 0x80;
        p.pricesHash = keccak256(none);
        p.postedHash = keccak256("");
        p.positions = keccak256(abi.encode(bytes32(0), keccak256("")));
        _close(p, 0, posted.length / POST_BYTES);
    }

    // --- internal: counting ---

    /// @dev Checks time and prices and prepares the cells.
    function _open(
        uint32 firstSlot,
        bytes calldata prices,
        uint256 zoneCount
    ) private view returns (Progress memory p) {
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

    /// @dev Reads the records' accounts, which must ascend.
    function _batch(Progress memory p, bytes calldata orders) private view returns (Batch memory b) {
        b.stride = CurveOrders.stride(p.count);
        b.number = orders.length / b.stride;
        if (b.number * b.stride != orders.length) revert EnergyBadLength();
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := orders.offset
        }
        b.pointer = pointer;
        uint256[] memory accounts = LedgerCalls.list(b.number);
        uint256 unordered;
        (p.lastAccount, unordered) = CurveOrders.accountsAt(pointer, b.stride, accounts, p.lastAccount);
        if (unordered < b.number) revert EnergyIdOrder(unordered);
        b.words = LedgerCalls.load(ACCOUNTS, accounts);
    }

    /// @dev Verifies every record and adds it to the cells and to the book's leaves.
    function _count(Progress memory p, Batch memory b, uint256 zoneCount) private view {
        b.zoneCount = zoneCount;
        b.domain = _domainSeparatorV4();
        b.gate = p.firstSlot * SLOT_SECONDS - GATE_LEAD;
        bytes32[] memory leaves = new bytes32[](b.number);
        uint256 pointer = b.pointer;
        unchecked {
            for (uint256 i = 0; i < leaves.length; ++i) {
                leaves[i] = _countOne(p, b, pointer, i);
                pointer += b.stride;
            }
        }
        p.groups = abi.encodePacked(p.groups, _groups(leaves));
    }

    function _countOne(
        Progress memory p,
        Batch memory b,
        uint256 pointer,
        uint256 index
    ) private view returns (bytes32) {
        (uint256 head, bytes32 hash, address signer) = CurveOrders.read(pointer, p.count, p.firstSlot, b.domain);
        unchecked {
            pointer += CurveOrders.HEAD_BYTES;
        }
        uint256 word = b.words[index];
        uint256 zone = uint8(word >> 8);
        bytes4 flaw = _flaw(b.gate, word, head, signer);
        if (head >> 47 == 1) {
            _requireAbsent(p, b, pointer, index, flaw);
            return CurveOrders.leaf((head >> 16) & ~CurveOrders.ABSENT, hash);
        }
        if (flaw != 0) {
            if (flaw == EnergyStaleNonce.selector) revert EnergyStaleNonce(index);
            revert EnergyBadSignature(index);
        }
        if (zone >= b.zoneCount) revert EnergyUnknownZone(uint32(head >> 16));
        unchecked {
            uint256 worst = CurveTally.tally(p.cells, zone * p.count, p.count, pointer);
            if (worst > _available(head >> 16, word, b.gate)) revert IAccountBook.EnergyUncovered(uint32(head >> 16));
        }
        return CurveOrders.leaf(head >> 16, hash);
    }

    /// @dev A record may count as absent only when it is flawed or not covered.
    function _requireAbsent(
        Progress memory p,
        Batch memory b,
        uint256 pointer,
        uint256 index,
        bytes4 flaw
    ) private view {
        uint256 word = b.words[index];
        if (flaw != 0 || uint8(word >> 8) >= b.zoneCount) return;
        uint256 account = CurveOrders.accountAt(pointer - CurveOrders.HEAD_BYTES) & ~CurveOrders.ABSENT;
        if (CurveTally.cost(p.count, pointer) <= _available(account, word, b.gate)) revert EnergyNotAbsent(index);
    }

    /// @dev The error a record's nonce or signature deserves; zero when there is none.
    function _flaw(uint256 gate, uint256 word, uint256 head, address signer) private view returns (bytes4) {
        uint32 account = uint32((head >> 16) & ~CurveOrders.ABSENT);
        if (uint16(head) != uint16(word >> 16) && !ACCOUNTS.wasNonceValid(account, uint16(head), gate))
            return EnergyStaleNonce.selector;
        if (signer == address(0)) return EnergyBadSignature.selector;
        if (signer != address(uint160(word >> 96)) && ACCOUNTS.sessionKeyUntil(account, signer) <= gate)
            return EnergyBadSignature.selector;
        return 0;
    }

    /// @dev Balance that covers orders of a book whose gate closed at `gate`.
    function _available(uint256 account, uint256 word, uint256 gate) private view returns (uint256 balance) {
        balance = uint64(word >> 32);
        if (uint8(word) & FLAG_WITHDRAWING == 0) return balance;
        uint256 reserved = ACCOUNTS.reservedMicro(uint32(account), gate);
        return reserved < balance ? balance - reserved : 0;
    }

    /// @dev One hash for each group of 128 leaves.
    function _groups(bytes32[] memory leaves) private pure returns (bytes memory groups) {
        uint256 number = (leaves.length + GROUP_LEAVES - 1) / GROUP_LEAVES;
        groups = new bytes(number * 32);
        for (uint256 g = 0; g < number; ++g) {
            uint256 size = leaves.length - g * GROUP_LEAVES;
            if (size > GROUP_LEAVES) size = GROUP_LEAVES;
            assembly ("memory-safe") {
                let begin := add(add(leaves, 0x20), shl(12, g))
                mstore(add(add(groups, 0x20), shl(5, g)), keccak256(begin, shl(5, size)))
            }
        }
    }

    // --- internal: clearing ---

    /// @dev The book must be the committed one until the fallback deadline; then posted orders join, prices are
    /// verified slot by slot, the slots are closed and the posted orders served.
    function _clear(
        Progress memory p,
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

    function _postAt(
        Progress memory p,
        uint256 posted,
        uint256 index,
        uint256 word
    ) private pure returns (uint256 cell, uint256 account, uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(posted, mul(index, 11))
            let head := calldataload(pointer)
            cell := shr(248, head)
            account := and(shr(216, head), 0xffffffff)
            pointer := add(pointer, 5)
        }
        cell += uint8(word >> 8) * p.count;
    }

    function _checkBook(Progress memory p) private view returns (BookStatus) {
        (, , uint256 fallbackFrom, ) = timesOf(p.firstSlot, p.count);
        if (block.timestamp >= fallbackFrom) return BookStatus.Fallback;
        bytes32 given = p.groups.length == 0 ? bytes32(0) : keccak256(p.groups);
        bytes32 committed = address(OPERATOR) == address(0) ? bytes32(0) : OPERATOR.rootOf(p.firstSlot);
        // Without operator there is no signed book before the fallback; with one, silence is not an empty book.
        if (given != committed || (given == 0 && address(OPERATOR) != address(0)))
            revert EnergyBookMismatch(committed, given);
        return BookStatus.Committed;
    }

    function _markClosed(Progress memory p) private {
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
    function _verify(Progress memory p, Batch memory b, Link[] memory lines) private {
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

    /// @dev Nobody is rationed at the price of slot `t`: reads its orders again for the ones nearest to the price.
    function _bound(Progress memory p, Batch memory b, uint256 t) private pure {
        uint256 pointer = b.pointer;
        uint256 step = CurveOrders.HEAD_BYTES + t * CurveOrders.STEP_BYTES;
        for (uint256 i = 0; i < b.number; ++i) {
            if (CurveOrders.accountAt(pointer) & CurveOrders.ABSENT == 0)
                CurveTally.bound(p.cells[uint8(b.words[i] >> 8) * p.count + t], pointer + step);
            pointer += b.stride;
        }
        for (uint256 i = 0; i < b.postedWords.length; ++i) {
            (uint256 cell, , uint256 place) = _postAt(p, b.posted, i, b.postedWords[i]);
            if (cell % p.count == t) CurveTally.bound(p.cells[cell], place);
        }
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

    function _servePosted(
        Progress memory p,
        bytes calldata posted,
        uint256[] memory words
    ) private pure returns (uint256[] memory entries) {
        entries = new uint256[](words.length);
        bytes memory positions = new bytes(words.length * 9 + 32);
        for (uint256 i = 0; i < words.length; ++i) {
            (uint256 cell, uint256 account, uint256 pointer) = _postAt(p, _offset(posted), i, words[i]);
            uint256 out;
            assembly ("memory-safe") {
                out := add(add(positions, 0x20), mul(i, 9))
                mstore(out, calldataload(sub(pointer, 5)))
                out := add(out, 5)
            }
            entries[i] = _entry(account, CurveTally.fill(p.cells, cell, 1, pointer, out));
        }
        assembly ("memory-safe") {
            mstore(positions, sub(mload(positions), 32))
        }
        p.postedHash = keccak256(positions);
    }

    /// @dev Serves the records and appends their entries to those given; chains their positions.
    function _serve(
        Progress memory p,
        Batch memory b,
        uint256[] memory before
    ) private pure returns (uint256[] memory entries) {
        entries = LedgerCalls.list(before.length + b.number);
        for (uint256 i = 0; i < before.length; ++i) entries[i] = before[i];
        uint256 size = 4 + p.count * 4;
        bytes memory positions = new bytes(b.number * size + 32);
        uint256 out;
        assembly ("memory-safe") {
            out := add(positions, 0x20)
        }
        uint256 pointer = b.pointer;
        unchecked {
            for (uint256 i = 0; i < b.number; ++i) {
                entries[before.length + i] = _serveOne(p, pointer, out, b.words[i]);
                pointer += b.stride;
                out += size;
            }
        }
        assembly ("memory-safe") {
            mstore(positions, sub(mload(positions), 32))
        }
        p.positions = keccak256(abi.encode(p.positions, keccak256(positions)));
    }

    function _serveOne(Progress memory p, uint256 pointer, uint256 out, uint256 word) private pure returns (uint256) {
        uint256 account = CurveOrders.accountAt(pointer);
        bool absent = account & CurveOrders.ABSENT != 0;
        account &= ~CurveOrders.ABSENT;
        assembly ("memory-safe") {
            mstore(out, shl(224, account))
        }
        if (absent) return account << 224;
        unchecked {
            int256 money = CurveTally.fill(p.cells, uint8(word >> 8) * p.count, p.count, pointer + 6, out + 4);
            return _entry(account, money);
        }
    }

    function _offset(bytes calldata data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }

    function _entry(uint256 account, int256 money) private pure returns (uint256) {
        return (account << 224) | (uint256(money) & ((1 << 224) - 1));
    }

    function _close(Progress memory p, int256 networkMicro, uint256 orders) private {
        bytes32 commitment = keccak256(abi.encode(p.count, p.pricesHash, p.postedHash, p.positions));
        commitment &= ~bytes32(uint256(0xff));
        _books[p.firstSlot] = commitment | bytes32(uint256(uint8(p.status)));
        emit BookClosed(p.firstSlot, p.count, orders, p.status, networkMicro, commitment);
    }
}
